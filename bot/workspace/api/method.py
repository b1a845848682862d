"""A Web API method: its name, its rate, its scope, its function; and the call that the function gets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.workspace.channels import Channel
from bot.workspace.limits import Rate
from bot.workspace.people import Person
from bot.workspace.platform import Platform
from bot.workspace.posting import parsed
from bot.workspace.state import Workspace
from bot.workspace.wire import BOT_USER, Json, SlackError

BOT_TOKEN, APP_TOKEN, NO_TOKEN = "bot", "app", "none"


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its arguments, in whichever way they came."""

    platform: Platform
    arguments: Json
    token: str = BOT_TOKEN

    @property
    def workspace(self) -> Workspace:
        """Return the workspace."""
        return self.platform.workspace

    def text(self, name: str, default: str = "") -> str:
        """Return an argument as text."""
        value = self.arguments.get(name)
        return default if value is None else str(value)

    def needed(self, name: str, error: str = "invalid_arguments") -> str:
        """Return an argument as text; SlackError(error) when it is not there."""
        value = self.text(name)
        if not value:
            raise SlackError(error, response_metadata={"messages": [f"[ERROR] missing required field: {name}"]})
        return value

    def flag(self, name: str) -> bool:
        """Return an argument as a boolean: Slack takes true, "true", 1, "1"."""
        return str(self.arguments.get(name, "")).lower() in ("true", "1")

    def number(self, name: str, default: int, most: int = 1000) -> int:
        """Return an argument as a positive number of at most `most`."""
        try:
            value = int(self.text(name, str(default)))
        except ValueError as fault:
            raise SlackError("invalid_arguments") from fault
        if value < 1:
            raise SlackError("invalid_limit")
        return min(value, most)

    def structure(self, name: str, error: str = "invalid_arguments") -> Any:
        """Return an argument that is an object or a list, or JSON text of one."""
        return parsed(self.arguments.get(name), error)

    def channel(self, name: str = "channel") -> Channel:
        """Return the channel whose id is in argument `name`."""
        channel = self.workspace.channels.get(self.needed(name, "channel_not_found"))
        if channel is None:
            raise SlackError("channel_not_found")
        return channel

    def joined(self, name: str = "channel") -> Channel:
        """Return the channel, in which the bot must be."""
        channel = self.channel(name)
        if BOT_USER not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def person(self, name: str = "user") -> Person:
        """Return the person whose id is in argument `name`."""
        person = self.workspace.people.get(self.needed(name, "user_not_found"))
        if person is None:
            raise SlackError("user_not_found")
        return person

    def page(self, rows: list[Any], default: int = 100) -> tuple[list[Any], Json]:
        """Return one page of `rows` by `cursor` and `limit`, and the metadata that leads to the next."""
        cursor = self.text("cursor", "0")
        if not cursor.isdigit() or int(cursor) > len(rows):
            raise SlackError("invalid_cursor")
        begin, end = int(cursor), int(cursor) + self.number("limit", default)
        return rows[begin:end], {"response_metadata": {"next_cursor": str(end) if end < len(rows) else ""}}


@dataclass(frozen=True, slots=True)
class Method:
    """A Web API method. `scopes`: any one of them is enough."""

    name: str
    rate: Rate
    scopes: tuple[str, ...]
    token: str
    answer: Callable[[Call], Json]


METHODS: dict[str, Method] = {}


def method(
    name: str, rate: Rate, *scopes: str, token: str = BOT_TOKEN
) -> Callable[[Callable[[Call], Json]], Callable[[Call], Json]]:
    """Register the function that answers method `name`."""

    def register(answer: Callable[[Call], Json]) -> Callable[[Call], Json]:
        METHODS[name] = Method(name, rate, scopes, token, answer)
        return answer

    return register
