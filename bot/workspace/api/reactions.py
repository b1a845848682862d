"""reactions.*: the app reacts to messages."""

import re

from bot.workspace import events, messages
from bot.workspace.api.method import Call, method
from bot.workspace.limits import TIER_2, TIER_3
from bot.workspace.wire import BOT_USER, Json, SlackError

_NAME = re.compile(r"[\w+'-]{1,100}(::skin-tone-[2-6])?")


@method("reactions.add", TIER_3, "reactions:write")
def add(call: Call) -> Json:
    """Add a reaction."""
    return _change(call, add=True)


@method("reactions.remove", TIER_2, "reactions:write")
def remove(call: Call) -> Json:
    """Take a reaction away."""
    return _change(call, add=False)


@method("reactions.get", TIER_3, "reactions:read")
def get(call: Call) -> Json:
    """Return a message with its reactions."""
    channel = call.joined()
    message = channel.messages.get(call.needed("timestamp", "no_item_specified"))
    if message is None:
        raise SlackError("message_not_found")
    return {"ok": True, "type": "message", "channel": channel.id, "message": message}


def _change(call: Call, *, add: bool) -> Json:
    channel = call.joined()
    ts = call.needed("timestamp", "no_item_specified")
    name = call.needed("name", "invalid_name").strip(":")
    if ts not in channel.messages:
        raise SlackError("message_not_found")
    if not _NAME.fullmatch(name):
        raise SlackError("invalid_name")
    if not messages.react(call.workspace, channel, ts, BOT_USER, name, add=add):
        raise SlackError("already_reacted" if add else "no_reaction")
    events.reacted(call.platform, channel, ts, BOT_USER, name, added=add)
    return {"ok": True}
