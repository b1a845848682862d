"""The payloads of what people do: commands, clicks, submissions, shortcuts."""

from bot.workspace.channels import Channel
from bot.workspace.people import Person
from bot.workspace.platform import Destination, Platform
from bot.workspace.wire import APP, TEAM, Json

_DOMAIN = "estiva-local"


def slash_command(platform: Platform, person: Person, channel: Channel, command: str, text: str) -> Json:
    """Return the form fields of a slash command."""
    return {
        "token": platform.settings.verification_token,
        "team_id": TEAM,
        "team_domain": _DOMAIN,
        "channel_id": channel.id,
        "channel_name": "directmessage" if channel.kind == "im" else channel.name,
        "user_id": person.id,
        "user_name": person.handle,
        "command": command,
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
        "response_url": platform.response_url(Destination(channel=channel, person=person.id)),
        "trigger_id": _trigger(platform, person),
    }


def message_actions(
    platform: Platform, person: Person, channel: Channel, message: Json, actions: list[Json], state: Json
) -> Json:
    """Return the payload of a click in a message."""
    ephemeral = bool(message.get("is_ephemeral"))
    container: Json = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": channel.id,
        "is_ephemeral": ephemeral,
    }
    thread = message.get("thread_ts")
    if thread:
        container["thread_ts"] = thread
    payload = _frame(platform, person, "block_actions") | {
        "container": container,
        "trigger_id": _trigger(platform, person),
        "channel": _channel(channel),
        "state": state,
        "response_url": platform.response_url(
            Destination(
                channel=channel,
                person=person.id,
                ts=message["ts"],
                ephemeral=ephemeral,
                thread_ts=thread if thread != message["ts"] else None,
            )
        ),
        "actions": actions,
    }
    return payload if ephemeral else payload | {"message": _public(message)}


def view_actions(platform: Platform, person: Person, view: Json, actions: list[Json], state: Json) -> Json:
    """Return the payload of a click in a modal or App Home."""
    return _frame(platform, person, "block_actions") | {
        "container": {"type": "view", "view_id": view["id"]},
        "trigger_id": _trigger(platform, person),
        "view": view | {"state": state},
        "actions": actions,
    }


def view_submission(platform: Platform, person: Person, view: Json, state: Json) -> Json:
    """Return the payload of a submitted modal: there is no channel in it."""
    return _frame(platform, person, "view_submission") | {
        "trigger_id": _trigger(platform, person),
        "view": view | {"state": state},
        "response_urls": [],
    }


def view_closed(platform: Platform, person: Person, view: Json, *, cleared: bool) -> Json:
    """Return the payload of a closed modal that wanted to be told."""
    return _frame(platform, person, "view_closed") | {"view": view, "is_cleared": cleared}


def message_shortcut(platform: Platform, person: Person, channel: Channel, message: Json, callback_id: str) -> Json:
    """Return the payload of a shortcut on a message."""
    destination = Destination(channel=channel, person=person.id, ts=message["ts"])
    return _frame(platform, person, "message_action") | {
        "callback_id": callback_id,
        "trigger_id": _trigger(platform, person),
        "action_ts": _now(platform),
        "message_ts": message["ts"],
        "channel": _channel(channel),
        "message": _public(message),
        "response_url": platform.response_url(destination),
    }


def global_shortcut(platform: Platform, person: Person, callback_id: str) -> Json:
    """Return the payload of a global shortcut."""
    return _frame(platform, person, "shortcut") | {
        "callback_id": callback_id,
        "trigger_id": _trigger(platform, person),
        "action_ts": _now(platform),
    }


def _frame(platform: Platform, person: Person, kind: str) -> Json:
    return {
        "type": kind,
        "user": {"id": person.id, "username": person.handle, "name": person.handle, "team_id": TEAM},
        "api_app_id": APP,
        "token": platform.settings.verification_token,
        "team": {"id": TEAM, "domain": _DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _trigger(platform: Platform, person: Person) -> str:
    return platform.triggers.issue(person.id)


def _channel(channel: Channel) -> Json:
    return {"id": channel.id, "name": "directmessage" if channel.kind == "im" else channel.name}


def _public(message: Json) -> Json:
    return {name: value for name, value in message.items() if name != "metadata"}


def _now(platform: Platform) -> str:
    return f"{platform.workspace.clock():.6f}"
