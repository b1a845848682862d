"""The door: only full members of the workspace get to the desk, and nobody does while Slack cannot be asked."""

import logging

from commands.command import Refused
from commands.directory import Directory, DirectoryDown, Groups, Standing, known
from commands.policy import groups_named
from commands.texts import later, phrase
from storage.model.catalog import Catalog
from storage.model.request import Request

log = logging.getLogger(__name__)

_UNASKED = later("Slack does not tell me just now who you are, so nothing was started. Try again in a minute.")
_NO_MEMBER = {
    Standing.GUEST: later("Guests of this workspace cannot ask me for anything."),
    Standing.EXTERNAL: later("Only members of this workspace can ask me."),
    Standing.BOT: later("I take nothing from bots and workflows."),
    Standing.DEACTIVATED: later("This account is deactivated."),
    Standing.UNKNOWN: later("Slack does not know this account, so I do nothing for it."),
}


async def admit(directory: Directory, request: Request, catalog: Catalog, language: str, *, fresh: bool) -> Groups:
    """Give who is in the user groups that the policy names. Raises `Refused` for whoever is no full member now."""
    try:
        found = await known(directory, request.user, groups_named(catalog), fresh=fresh)
    except DirectoryDown as problem:
        log.warning("request %s: the directory does not answer: %s", request.id, problem)
        raise Refused(phrase(language, _UNASKED)) from problem
    if found.standing is not Standing.MEMBER:
        raise Refused(phrase(language, _NO_MEMBER[found.standing]))
    return found.groups
