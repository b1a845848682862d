"""`who can <command> [<service>] [in <environment>]`: who may do something, and why; by the code that decides.

`who deployed <service>` and `who locked <environment>` say who did.
"""

from collections.abc import Iterator

from commands.approvers import is_asked
from commands.command import Asked, Command, Refused, Topic
from commands.directory import DirectoryDown, Standing
from commands.permit import deed, permit
from commands.policy import is_among, reasons
from commands.responsible import holders, releasers
from commands.texts import PORTUGUESE, later
from storage.model.catalog import Grant
from storage.model.reply import Reply, Table, Verdict


async def handle(asked: Asked) -> Reply:
    """List who may do it, or say who did."""
    permit(asked, service=asked.arguments.get("service"), environment=asked.arguments.get("environment"))
    if "released" in asked.arguments:
        return await releasers(asked)
    return await (holders(asked) if "held" in asked.arguments else _able(asked))


async def _able(asked: Asked) -> Reply:
    """List everybody whom the policy and Slack let do it now, each with the grant that allows it."""
    command, service = asked.arguments["command"], asked.arguments.get("service")
    environment = asked.arguments.get("environment")
    found = reasons(asked.catalog, command, service=service, environment=environment, groups=asked.groups)
    rows = [row for user, grant in found if (row := await _row(asked, command, environment, user, grant))]
    where = asked.say("in {environment}", environment=environment) if environment else None
    what = deed(asked, command, service, where)
    if not rows:
        return Reply(verdict=Verdict.DONE, text=asked.say("Nobody may {what}.", what=what), private=True)
    header = (asked.say("Who"), asked.say("By"), asked.say("But only"))
    return Reply(
        verdict=Verdict.DONE,
        text=asked.say("These people may {what}:", what=what),
        table=Table(header=header, rows=tuple(rows)),
        private=True,
    )


async def _row(asked: Asked, command: str, environment: str | None, user: str, grant: Grant) -> tuple[str, ...] | None:
    """Give the row of somebody; nothing for whom Slack, or the environment's own rule, would not let."""
    try:
        standing = await asked.desk.directory.standing(user, fresh=False)
    except DirectoryDown as problem:
        raise Refused(asked.say("Slack does not tell me just now who is who. Try again in a minute.")) from problem
    if standing is not Standing.MEMBER:
        return None
    if command == "approve" and environment and not is_asked(asked.catalog, environment, user, asked.groups):
        return None
    return asked.name(user), ", ".join(_by(asked, user, grant)), "; ".join(_limits(asked, grant)) or "-"


def _by(asked: Asked, user: str, grant: Grant) -> Iterator[str]:
    """Name what in the grant means this person."""
    for name in grant.who:
        if is_among(asked.catalog, (name,), user, asked.groups):
            yield _group(asked, name)


def _group(asked: Asked, name: str) -> str:
    """Say in plain words what the catalog writes as `role:developer`, `group:S0RELEASE1` or `everyone`."""
    kind, colon, which = name.partition(":")
    if colon:
        return asked.say("group {name}", name=which) if kind == "group" else asked.say("role {name}", name=which)
    return asked.say("everybody listed") if name == "everyone" else asked.say("by name")


def _limits(asked: Asked, grant: Grant) -> Iterator[str]:
    if "*" not in grant.channels:
        yield asked.say("in {channels}", channels=", ".join(grant.channels))
    for name, patterns in grant.arguments.items():
        yield f"{name}: {', '.join(patterns)}"


COMMAND = Command(
    name="who",
    verbs=("who", "quem"),
    shown={PORTUGUESE: "quem"},
    usage=(
        "can|may|pode <command> <service> [to|in|on|em|no|na|para|pra] <environment>",
        "can|may|pode <command> [to|in|on|em|no|na|para|pra] <environment>",
        "can|may|pode <command> <service>",
        "can|may|pode <command>",
        (
            "[did|fez] <released:deployed|released|shipped|deploy|release|implantou|publicou|subiu|deployou> <service> "
            "[[to|in|on|em|no|na|para|pra] <environment>]"
        ),
        (
            "[is|has|está|tá|tem] <held:locked|locking|lock|froze|frozen|freezing|freeze|holding|holds|"
            "travou|travando|bloqueou|bloqueando|congelou|congelando> [<service>] [[in|on|em|no|na] <environment>]"
        ),
    ),
    summary=later("Who may do something, and by which line of the policy; who deployed, and who locked."),
    examples=(
        later("who can deploy hello to production"),
        later("who can approve in production"),
        later("who deployed hello"),
        later("who locked homolog"),
    ),
    topic=Topic.LOOK,
    handle=handle,
    besides={"released": "history", "held": "status"},
    reads=True,
)
