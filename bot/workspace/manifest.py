"""What the app has told Slack about itself: commands, shortcuts, subscriptions, scopes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.workspace.wire import Json

SCOPES = (
    "app_mentions:read",
    "chat:write",
    "commands",
    "files:write",
    "im:history",
    "im:write",
    "reactions:write",
    "usergroups:read",
    "users:read",
    "users:read.email",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A slash command; `escape` asks Slack to turn typed names into ids."""

    command: str
    description: str = ""
    usage_hint: str = ""
    escape: bool = True

    def brief(self) -> Json:
        """Return what a completion list shows."""
        return {"command": self.command, "description": self.description, "usage_hint": self.usage_hint}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut:
    """A shortcut: of a message, or global."""

    callback_id: str
    name: str
    type: str = "message"
    description: str = ""

    def brief(self) -> Json:
        """Return what a menu shows."""
        return {
            "callback_id": self.callback_id,
            "type": self.type,
            "name": self.name,
            "description": self.description,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The installed app. The default is Estiva's own; `read` takes any Slack manifest."""

    commands: tuple[Command, ...] = (
        Command(command="/estiva", description="Ship from chat", usage_hint="deploy hello to homolog"),
    )
    shortcuts: tuple[Shortcut, ...] = ()
    events: tuple[str, ...] = ("app_mention", "message.im", "app_home_opened")
    scopes: tuple[str, ...] = SCOPES

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Manifest":
        """Take the parts that matter here from a Slack app manifest (already parsed)."""
        features = document.get("features", {})
        subscriptions = document.get("settings", {}).get("event_subscriptions", {})
        return cls(
            commands=tuple(map(_command, features.get("slash_commands", ()))),
            shortcuts=tuple(map(_shortcut, features.get("shortcuts", ()))),
            events=tuple(subscriptions.get("bot_events", ())),
            scopes=tuple(document.get("oauth_config", {}).get("scopes", {}).get("bot", ())),
        )

    def command(self, name: str) -> Command | None:
        """Return the slash command of that name."""
        return next((each for each in self.commands if each.command == name), None)

    def shortcut(self, callback_id: str) -> Shortcut | None:
        """Return the shortcut of that id."""
        return next((each for each in self.shortcuts if each.callback_id == callback_id), None)


def _command(entry: Mapping[str, Any]) -> Command:
    return Command(
        command=entry["command"],
        description=entry.get("description", ""),
        usage_hint=entry.get("usage_hint", ""),
        escape=bool(entry.get("should_escape", False)),
    )


def _shortcut(entry: Mapping[str, Any]) -> Shortcut:
    return Shortcut(
        callback_id=entry["callback_id"],
        name=entry["name"],
        type=entry.get("type", "message"),
        description=entry.get("description", ""),
    )
