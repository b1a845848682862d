"""Modals in their stack of three, and App Homes: opened, pushed, updated, closed."""

from bot.workspace.blocks.surfaces import completed
from bot.workspace.state import Workspace
from bot.workspace.wire import APP, BOT, TEAM, Json, SlackError, fresh

DEEPEST = 3


def open_modal(workspace: Workspace, person: str, view: Json) -> Json:
    """Open a modal as the only one."""
    for old in workspace.stacks.pop(person, []):
        workspace.views.pop(old, None)
    return _add(workspace, person, view, "opened")


def push(workspace: Workspace, person: str, view: Json) -> Json:
    """Put a modal in front of the others."""
    if len(workspace.stacks.get(person, ())) >= DEEPEST:
        raise SlackError("push_limit_reached")
    return _add(workspace, person, view, "pushed")


def update(workspace: Workspace, old: Json, view: Json) -> Json:
    """Replace a view in place: same id, new hash."""
    new = _complete(workspace, view) | {"id": old["id"], "root_view_id": old["root_view_id"]}
    new["previous_view_id"] = old["previous_view_id"]
    workspace.views[old["id"]] = new
    if person := owner(workspace, old["id"]):
        _tell(workspace, person, "updated", old["id"])
    return new


def close(workspace: Workspace, person: str, view_id: str) -> Json | None:
    """Close one modal and return it; those in front of it go too."""
    stack = workspace.stacks.get(person, [])
    if view_id not in stack:
        return None
    closed = workspace.views[view_id]
    for gone in stack[stack.index(view_id) :]:
        workspace.views.pop(gone, None)
    workspace.stacks[person] = stack[: stack.index(view_id)]
    _tell(workspace, person, "closed", view_id)
    return closed


def clear(workspace: Workspace, person: str) -> None:
    """Close all modals of a person."""
    if stack := workspace.stacks.get(person):
        close(workspace, person, stack[0])


def publish(workspace: Workspace, person: str, view: Json) -> Json:
    """Set the App Home of a person."""
    old = workspace.homes.get(person)
    new = _complete(workspace, view) | {"id": old["id"] if old else fresh("V"), "previous_view_id": None}
    new["root_view_id"] = new["id"]
    workspace.homes[person] = workspace.views[new["id"]] = new
    workspace.remember("home", user=person, view=new)
    workspace.stream.publish({"type": "home", "view": new}, [person])
    return new


def owner(workspace: Workspace, view_id: str) -> str | None:
    """Return who has that modal open."""
    return next((person for person, stack in workspace.stacks.items() if view_id in stack), None)


def _add(workspace: Workspace, person: str, view: Json, action: str) -> Json:
    external = view.get("external_id")
    if external and any(each.get("external_id") == external for each in workspace.views.values()):
        raise SlackError("duplicate_external_id")
    stack = workspace.stacks.setdefault(person, [])
    new = _complete(workspace, view) | {"id": fresh("V")}
    new["root_view_id"] = stack[0] if stack else new["id"]
    new["previous_view_id"] = stack[-1] if stack else None
    workspace.views[new["id"]] = new
    stack.append(new["id"])
    _tell(workspace, person, action, new["id"])
    return new


def _tell(workspace: Workspace, person: str, action: str, view_id: str) -> None:
    event = {"type": "view", "action": action, "view_id": view_id, "views": workspace.stack(person)}
    workspace.stream.publish(event, [person])


def _complete(workspace: Workspace, view: Json) -> Json:
    defaults: Json = {
        "team_id": TEAM,
        "app_id": APP,
        "app_installed_team_id": TEAM,
        "bot_id": BOT,
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        "clear_on_close": False,
        "notify_on_close": False,
        "close": None,
        "submit": None,
        "title": {"type": "plain_text", "text": "View Title", "emoji": True},
        "state": {"values": {}},
    }
    made = {"hash": f"{int(workspace.clock())}.{fresh('', 8)}", "blocks": completed(view["blocks"])}
    return defaults | {name: value for name, value in view.items() if value is not None} | made
