"""views.*: modals and the App Home."""

from bot.workspace import modals
from bot.workspace.api.method import Call, method
from bot.workspace.blocks.surfaces import demand_view
from bot.workspace.limits import TIER_4
from bot.workspace.tickets import Expired, Used
from bot.workspace.wire import Json, SlackError


@method("views.open", TIER_4)
def open_view(call: Call) -> Json:
    """Open a modal for the person whose click or command gave the trigger."""
    view = _view(call, "modal")
    return {"ok": True, "view": modals.open_modal(call.workspace, _trigger(call), view)}


@method("views.push", TIER_4)
def push(call: Call) -> Json:
    """Put a modal in front of the one from which the trigger came."""
    view = _view(call, "modal")
    return {"ok": True, "view": modals.push(call.workspace, _trigger(call), view)}


@method("views.update", TIER_4)
def update(call: Call) -> Json:
    """Replace an open modal, found by view_id or external_id."""
    found = _found(call)
    view = _view(call, found["type"])
    _demand_hash(call, found)
    return {"ok": True, "view": modals.update(call.workspace, found, view)}


@method("views.publish", TIER_4)
def publish(call: Call) -> Json:
    """Set somebody's App Home."""
    view = _view(call, "home")
    person = call.person("user_id")
    if home := call.workspace.homes.get(person.id):
        _demand_hash(call, home)
    return {"ok": True, "view": modals.publish(call.workspace, person.id, view)}


def _view(call: Call, kind: str) -> Json:
    view = call.structure("view")
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments", response_metadata={"messages": ["[ERROR] missing required field: view"]})
    demand_view(view, kind)
    return view


def _trigger(call: Call) -> str:
    trigger = call.text("trigger_id") or call.needed("interactivity_pointer", "invalid_trigger_id")
    try:
        return call.platform.triggers.use(trigger)
    except KeyError as fault:
        raise SlackError("invalid_trigger_id") from fault
    except Expired as fault:
        raise SlackError("expired_trigger_id") from fault
    except Used as fault:
        raise SlackError("exchanged_trigger_id") from fault


def _found(call: Call) -> Json:
    external = call.text("external_id")
    views = call.workspace.views.values()
    found = call.workspace.views.get(call.text("view_id"))
    if external:
        found = next((view for view in views if view.get("external_id") == external), None)
    if found is None:
        raise SlackError("not_found")
    return found


def _demand_hash(call: Call, view: Json) -> None:
    wanted = call.text("hash")
    if wanted and wanted != view["hash"]:
        raise SlackError("hash_conflict")
