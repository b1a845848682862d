"""apps.connections.open and blocks.validate: what needs another token than the bot's, or none."""

from bot.workspace.api.method import APP_TOKEN, NO_TOKEN, Call, method
from bot.workspace.blocks.surfaces import check_message, check_view
from bot.workspace.limits import TIER_1, TIER_3
from bot.workspace.wire import APP, Json, SlackError


@method("apps.connections.open", TIER_1, token=APP_TOKEN)
def connections_open(call: Call) -> Json:
    """Return the address of a websocket, good once and not for long."""
    platform = call.platform
    if platform.http is not None:
        raise SlackError("socket_mode_not_enabled")
    if platform.switches.take("fail_open"):
        raise SlackError("internal_error")
    ticket = platform.sockets.tickets.issue("socket")
    address = call.workspace.url.replace("http", "ws", 1)
    return {"ok": True, "url": f"{address}/link/?ticket={ticket}&app_id={APP}"}


@method("blocks.validate", TIER_3, token=NO_TOKEN)
def blocks_validate(call: Call) -> Json:
    """Check blocks of a message, or a whole view, without posting."""
    view = call.structure("view")
    faults = check_view(view) if view is not None else check_message(call.structure("blocks"))
    if faults:
        raise SlackError("invalid_blocks", errors=faults, response_metadata={"messages": faults})
    return {"ok": True}
