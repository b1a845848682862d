"""The workspace itself: people, channels, messages, files, views. No sockets, no HTTP."""

import time
from collections.abc import Callable
from pathlib import Path

from bot.workspace.channels import Channel, channels
from bot.workspace.files import File
from bot.workspace.history import History
from bot.workspace.manifest import Manifest
from bot.workspace.people import EVERYBODY, RUI, Person
from bot.workspace.stream import Stream
from bot.workspace.wire import TEAM, Json, fresh


class Workspace:
    """What a Slack workspace holds. With `path` (a folder) it is kept there and found again after a restart."""

    def __init__(
        self,
        path: Path | None = None,
        *,
        manifest: Manifest | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = path
        self.manifest = manifest or Manifest()
        self.clock = clock
        self.url = ""
        self.mode = "socket"
        self.connections = 0
        self.started = fresh("", 8)
        self.stream = Stream()
        self.history = History(path and path / "history.jsonl")
        self.people: dict[str, Person] = {person.id: person for person in EVERYBODY}
        self.usergroups: list[Json] = [_release_managers()]
        self.clear()
        self._restore()

    def clear(self) -> None:
        """Forget everything that was said and done; people and channels stay."""
        self.channels: dict[str, Channel] = {channel.id: channel for channel in channels()}
        self.files: dict[str, File] = {}
        self.views: dict[str, Json] = {}
        self.stacks: dict[str, list[str]] = {}
        self.homes: dict[str, Json] = {}

    def forget(self) -> None:
        """Clear, on disk too."""
        self.clear()
        self.history.rewrite([])
        self.stream.publish({"type": "reload"})

    def find_person(self, wanted: str) -> Person | None:
        """Return a person by id or handle (`dev`, `@dev`)."""
        handle = wanted.removeprefix("@")
        return self.people.get(wanted) or next((each for each in self.people.values() if each.handle == handle), None)

    def find_channel(self, wanted: str, person: str = "") -> Channel | None:
        """Return a channel by id, `#name`, `name`, or as `@estiva`: the direct message of `person` with the bot."""
        if wanted in self.channels:
            return self.channels[wanted]
        if wanted.startswith("@"):
            return self.direct(person)
        name = wanted.removeprefix("#")
        return next((each for each in self.channels.values() if each.kind == "channel" and each.name == name), None)

    def direct(self, person: str) -> Channel | None:
        """Return the direct message between `person` and the bot."""
        return next((each for each in self.channels.values() if each.kind == "im" and each.partner == person), None)

    def stack(self, person: str) -> list[Json]:
        """Return the open modals of `person`, the one in front last."""
        return [self.views[view] for view in self.stacks.get(person, [])]

    def connected(self, mode: str, connections: int) -> None:
        """Record how the app is connected; tell everybody when that is news."""
        if (mode, connections) == (self.mode, self.connections):
            return
        self.mode, self.connections = mode, connections
        event = {"type": "connection", "mode": mode, "connected": connections > 0, "connections": connections}
        self.stream.publish(event)

    def remember(self, kind: str, **record: object) -> None:
        """Append one record to the history on disk."""
        self.history.append({"kind": kind, **record})

    def close(self) -> None:
        """Close the history file."""
        self.history.close()

    def _restore(self) -> None:
        for record in self.history.load():
            self._apply(record)
        self.history.rewrite(self._snapshot())

    def _apply(self, record: Json) -> None:
        channel = self.channels.get(record.get("channel", ""))
        match record["kind"]:
            case "message" if channel:
                channel.put(record["message"])
            case "gone" if channel:
                channel.messages.pop(record["ts"], None)
            case "read" if channel:
                channel.reads[record["user"]] = record["ts"]
            case "joined" if channel:
                channel.members = record["members"]
            case "file":
                self.files[record["file"]["id"]] = File(**record["file"])
            case "home":
                self.homes[record["user"]] = record["view"]
                self.views[record["view"]["id"]] = record["view"]

    def _snapshot(self) -> list[Json]:
        records: list[Json] = []
        for channel in self.channels.values():
            where = {"channel": channel.id}
            records.append({"kind": "joined", **where, "members": channel.members})
            records += [{"kind": "message", **where, "message": each} for each in channel.messages.values()]
            records += [{"kind": "read", **where, "user": user, "ts": ts} for user, ts in channel.reads.items()]
        records += [{"kind": "file", "file": file.record()} for file in self.files.values()]
        return records + [{"kind": "home", "user": user, "view": view} for user, view in self.homes.items()]


def _release_managers() -> Json:
    return {
        "id": "S0RELEASE",
        "team_id": TEAM,
        "is_usergroup": True,
        "name": "Release managers",
        "handle": "release-managers",
        "description": "Who may approve a production deploy",
        "users": [RUI.id],
        "user_count": 1,
        "date_delete": 0,
    }
