"""auth, users, usergroups, bots, team: who is who."""

from bot.workspace.api.method import NO_TOKEN, Call, method
from bot.workspace.limits import SPECIAL, TIER_2, TIER_3, TIER_4
from bot.workspace.wire import APP, BOT, BOT_USER, TEAM, Json, SlackError


@method("auth.test", SPECIAL)
def auth_test(call: Call) -> Json:
    """Say whose token this is."""
    return {
        "ok": True,
        "url": call.workspace.url + "/",
        "team": "Estiva",
        "user": "estiva",
        "team_id": TEAM,
        "user_id": BOT_USER,
        "bot_id": BOT,
        "is_enterprise_install": False,
    }


@method("api.test", SPECIAL, token=NO_TOKEN)
def api_test(call: Call) -> Json:
    """Echo; fail when told to."""
    if error := call.text("error"):
        raise SlackError(error, args=call.arguments)
    return {"ok": True, "args": call.arguments}


@method("team.info", TIER_3, "team:read")
def team_info(call: Call) -> Json:
    """Describe the workspace."""
    team = {"id": TEAM, "name": "Estiva", "domain": "estiva-local", "url": call.workspace.url, "icon": {}}
    return {"ok": True, "team": team}


@method("bots.info", TIER_3, "users:read")
def bots_info(call: Call) -> Json:
    """Describe the bot."""
    if call.text("bot", BOT) != BOT:
        raise SlackError("bot_not_found")
    return {"ok": True, "bot": {"id": BOT, "deleted": False, "name": "estiva", "app_id": APP, "user_id": BOT_USER}}


@method("users.info", TIER_4, "users:read")
def users_info(call: Call) -> Json:
    """Describe one person."""
    person = call.person()
    return {"ok": True, "user": person.user(with_locale=call.flag("include_locale"), with_email=_sees_email(call))}


@method("users.list", TIER_2, "users:read")
def users_list(call: Call) -> Json:
    """List everybody."""
    locale = call.flag("include_locale")
    people = call.workspace.people.values()
    page, more = call.page([each.user(with_locale=locale, with_email=_sees_email(call)) for each in people])
    return {"ok": True, "members": page, "cache_ts": int(call.workspace.clock()), **more}


@method("users.lookupByEmail", TIER_3, "users:read.email")
def users_lookup_by_email(call: Call) -> Json:
    """Find a person by address."""
    email = call.needed("email", "users_not_found")
    found = next((each for each in call.workspace.people.values() if not each.is_bot and each.email == email), None)
    if found is None:
        raise SlackError("users_not_found")
    return {"ok": True, "user": found.user(with_email=True)}


@method("users.conversations", TIER_3, "channels:read", "im:read")
def users_conversations(call: Call) -> Json:
    """List the channels of a person (of the bot by default)."""
    person = call.text("user", BOT_USER)
    rows = [each.conversation() for each in call.workspace.channels.values() if person in each.members]
    page, more = call.page([each for each in rows if each["is_channel"]])
    return {"ok": True, "channels": page, **more}


@method("usergroups.list", TIER_2, "usergroups:read")
def usergroups_list(call: Call) -> Json:
    """List the user groups, with their members when asked."""
    shown = [dict(group) for group in call.workspace.usergroups]
    if not call.flag("include_users"):
        for group in shown:
            group.pop("users")
    return {"ok": True, "usergroups": shown}


@method("usergroups.users.list", TIER_2, "usergroups:read")
def usergroups_users_list(call: Call) -> Json:
    """List the members of a user group."""
    wanted = call.needed("usergroup", "no_such_subteam")
    group = next((each for each in call.workspace.usergroups if each["id"] == wanted), None)
    if group is None:
        raise SlackError("no_such_subteam")
    return {"ok": True, "users": group["users"]}


def _sees_email(call: Call) -> bool:
    return "users:read.email" in call.workspace.manifest.scopes
