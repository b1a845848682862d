"""conversations.*: channels, members, history."""

from bot.workspace.api.method import Call, method
from bot.workspace.limits import TIER_2, TIER_3, TIER_4
from bot.workspace.wire import BOT_USER, Json, SlackError

_READ = ("channels:read", "im:read")


@method("conversations.list", TIER_2, *_READ)
def listing(call: Call) -> Json:
    """List channels of the wanted types (public channels by default)."""
    wanted = call.text("types", "public_channel").replace(" ", "").split(",")
    kinds = {"public_channel": "channel", "im": "im"}
    asked = {kinds[each] for each in wanted if each in kinds}
    _demand_scopes(call, asked, "read")
    rows = [each.conversation() for each in call.workspace.channels.values() if each.kind in asked]
    page, more = call.page(rows)
    return {"ok": True, "channels": page, **more}


@method("conversations.info", TIER_3, *_READ)
def info(call: Call) -> Json:
    """Describe one channel."""
    channel = call.channel()
    _demand_scopes(call, {channel.kind}, "read")
    described = channel.conversation()
    if not call.flag("include_num_members"):
        described.pop("num_members", None)
    return {"ok": True, "channel": described}


@method("conversations.members", TIER_4, *_READ)
def members(call: Call) -> Json:
    """List the members of a channel."""
    channel = call.channel()
    _demand_scopes(call, {channel.kind}, "read")
    page, more = call.page(channel.members)
    return {"ok": True, "members": page, **more}


@method("conversations.open", TIER_3, "im:write")
def open_direct(call: Call) -> Json:
    """Open the direct message with a person."""
    if call.text("channel"):
        channel = call.channel()
    else:
        people = call.needed("users", "users_list_not_supplied").split(",")
        if len(people) > 1:
            raise SlackError("not_enough_users" if not people[1] else "method_not_supported_for_channel_type")
        found = call.workspace.direct(people[0])
        if found is None:
            raise SlackError("user_not_found")
        channel = found
    described = channel.conversation() if call.flag("return_im") else {"id": channel.id}
    return {"ok": True, "no_op": True, "already_open": True, "channel": described}


@method("conversations.join", TIER_3, "channels:join")
def join(call: Call) -> Json:
    """Let the bot join a channel."""
    channel = call.channel()
    if channel.kind != "channel":
        raise SlackError("method_not_supported_for_channel_type")
    if BOT_USER not in channel.members:
        channel.members.append(BOT_USER)
        call.workspace.remember("joined", channel=channel.id, members=channel.members)
    return {"ok": True, "channel": channel.conversation()}


@method("conversations.history", TIER_3, "channels:history", "im:history")
def history(call: Call) -> Json:
    """Return top-level messages, newest first. Ephemerals are in no history."""
    channel = call.joined()
    _demand_scopes(call, {channel.kind}, "history")
    top = [each for each in channel.messages.values() if _top_level(each)]
    return _messages(call, top[::-1])


@method("conversations.replies", TIER_3, "channels:history", "im:history")
def replies(call: Call) -> Json:
    """Return a thread: its root, then its replies, oldest first."""
    channel = call.joined()
    _demand_scopes(call, {channel.kind}, "history")
    wanted = channel.messages.get(call.needed("ts", "thread_not_found"))
    if wanted is None:
        raise SlackError("thread_not_found")
    root = wanted.get("thread_ts", wanted["ts"])
    return _messages(call, [each for each in channel.messages.values() if root in _places(each)])


def _messages(call: Call, found: list[Json]) -> Json:
    oldest, latest = call.text("oldest", "0"), call.text("latest", "9999999999")
    inclusive = call.flag("inclusive")
    within = [each for each in found if _within(str(each["ts"]), oldest, latest, inclusive=inclusive)]
    page, more = call.page(within)
    if not call.flag("include_all_metadata"):
        page = [{name: value for name, value in each.items() if name != "metadata"} for each in page]
    has_more = bool(more["response_metadata"]["next_cursor"])
    answer: Json = {"ok": True, "messages": page, "has_more": has_more, "pin_count": 0}
    return answer | (more if has_more else {})


def _within(ts: str, oldest: str, latest: str, *, inclusive: bool) -> bool:
    moment = float(ts)
    if inclusive:
        return float(oldest) <= moment <= float(latest)
    return float(oldest) < moment < float(latest)


def _places(message: Json) -> tuple[str | None, str | None]:
    return message["ts"], message.get("thread_ts")


def _top_level(message: Json) -> bool:
    return message.get("thread_ts", message["ts"]) == message["ts"] or message.get("subtype") == "thread_broadcast"


def _demand_scopes(call: Call, kinds: set[str], what: str) -> None:
    """Channels and direct messages have scopes of their own; the method needs the one of what it touches."""
    for kind in sorted(kinds):
        scope = f"{'im' if kind == 'im' else 'channels'}:{what}"
        if scope not in call.workspace.manifest.scopes:
            provided = ",".join(call.workspace.manifest.scopes)
            raise SlackError("missing_scope", needed=scope, provided=provided)
