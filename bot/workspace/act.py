"""The act API: what a person does and sees, over HTTP, for the page, the terminal and tests."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.workspace import doing, events, messages, reading
from bot.workspace.channels import Channel
from bot.workspace.doing import Failed
from bot.workspace.people import Person
from bot.workspace.platform import Platform
from bot.workspace.wire import Json

Answer = Callable[["Act"], Awaitable[Json]]
_MOST_MESSAGES = 200


class Act:
    """One request by one person."""

    def __init__(self, platform: Platform, arguments: Json) -> None:
        self.platform = platform
        self.workspace = platform.workspace
        self.arguments = arguments

    def text(self, name: str) -> str:
        """Return an argument as text, empty when it is not there."""
        value = self.arguments.get(name)
        return "" if value is None else str(value)

    @property
    def person(self) -> Person:
        """Return who acts."""
        person = self.workspace.find_person(self.text("as"))
        if person is None or person.is_bot:
            people = [f"{each.handle} ({each.name})" for each in self.workspace.people.values() if not each.is_bot]
            raise Failed("user_not_found", f"Nobody here is called {self.text('as')!r}. Try {', '.join(people)}.", 400)
        return person

    @property
    def channel(self) -> Channel:
        """Return where; the person must be in it."""
        channel = self.workspace.find_channel(self.text("channel"), self.person.id)
        if channel is None or self.person.id not in channel.members:
            raise Failed("channel_not_found", f"There is no channel {self.text('channel')!r} for you.", 404)
        return channel

    @property
    def view(self) -> Json:
        """Return the open modal, or the person's App Home."""
        wanted, home = self.text("view_id"), self.workspace.homes.get(self.person.id)
        if home is not None and home["id"] == wanted:
            return home
        for view in self.workspace.stack(self.person.id):
            if view["id"] == wanted:
                return view
        raise Failed("view_not_found", "That window is closed already.", 404)


async def state(act: Act) -> Json:
    """Return all that the page starts with."""
    return reading.state(act.workspace, act.person.id)


async def listing(act: Act) -> Json:
    """Return messages of a channel or thread."""
    try:
        limit = min(int(act.text("limit") or 50), _MOST_MESSAGES)
    except ValueError as fault:
        raise Failed("invalid_limit", "limit is a number.", 400) from fault
    thread, before = act.text("thread") or None, act.text("before") or None
    return reading.messages(act.workspace, act.person.id, act.channel.id, thread, before, max(limit, 1))


async def single(act: Act) -> Json:
    """Return one message."""
    found = reading.message(act.workspace, act.person.id, act.channel.id, act.text("ts"))
    if found is None:
        raise Failed("message_not_found", "That message is gone.", 404)
    return {"ok": True, "message": found}


async def say(act: Act) -> Json:
    """Post a message or run a slash command."""
    raw, thread = act.text("text"), act.text("thread_ts") or None
    if not raw.strip():
        raise Failed("no_text", "Say something.", 400)
    if len(raw) > doing.LONGEST:
        raise Failed("msg_too_long", f"A message has at most {doing.LONGEST} characters.", 400)
    if raw.startswith("/"):
        return await doing.command(act.platform, act.person, act.channel, raw, in_thread=thread is not None)
    channel = act.channel
    stored = doing.say(act.platform, act.person, channel, raw, thread)
    shown = messages.shown(act.workspace, channel, stored)
    return {"ok": True, "kind": "message", "channel": channel.id, "ts": stored["ts"], "message": shown}


async def click(act: Act) -> Json:
    """Press a button, pick something."""
    if act.text("view_id"):
        await doing.click_in_view(act.platform, act.person, act.view, act.arguments)
    else:
        await doing.click(act.platform, act.person, act.channel, act.text("message_ts"), act.arguments)
    return {"ok": True}


async def submit(act: Act) -> Json:
    """Submit a modal."""
    return await doing.submit(act.platform, act.person, act.view, act.arguments.get("values") or {})


async def close(act: Act) -> Json:
    """Close a modal."""
    doing.close(act.platform, act.person, act.view, whole=bool(act.arguments.get("all")))
    return {"ok": True, "views": act.workspace.stack(act.person.id)}


async def shortcut(act: Act) -> Json:
    """Call a shortcut."""
    known = act.workspace.manifest.shortcut(act.text("callback_id"))
    if known is None:
        raise Failed("shortcut_not_found", f"The app has no shortcut {act.text('callback_id')!r}.", 404)
    channel = act.channel if known.type == "message" else None
    await doing.shortcut(act.platform, act.person, known.callback_id, channel, act.text("message_ts"))
    return {"ok": True}


async def home(act: Act) -> Json:
    """Look at the App Home."""
    events.home_opened(act.platform, act.person.id)
    return {"ok": True, "view": act.workspace.homes.get(act.person.id)}


async def read(act: Act) -> Json:
    """Mark a channel as read."""
    messages.read(act.workspace, act.channel, act.person.id, act.text("ts"))
    summary = reading.summary(act.channel, act.person.id)
    return {"ok": True, "unread": summary["unread"], "mentions": summary["mentions"]}


async def react(act: Act) -> Json:
    """Add or take away a reaction."""
    channel, ts, add = act.channel, act.text("message_ts"), not act.arguments.get("remove")
    if ts not in channel.messages:
        raise Failed("message_not_found", "That message is gone.", 404)
    name = act.text("name").strip(":")
    if messages.react(act.workspace, channel, ts, act.person.id, name, add=add):
        events.reacted(act.platform, channel, ts, act.person.id, name, added=add)
    return {"ok": True}


async def commands(act: Act) -> Json:
    """Return slash commands and shortcuts."""
    return {"ok": True, **reading.commands(act.workspace)}


_GET: dict[str, Answer] = {"state": state, "messages": listing, "message": single, "commands": commands}
_POST: dict[str, Answer] = {
    "say": say,
    "click": click,
    "submit": submit,
    "close": close,
    "shortcut": shortcut,
    "home": home,
    "read": read,
    "react": react,
}


def routes(platform: Platform) -> list[web.RouteDef]:
    """Return the routes under /act/."""
    gets = [web.get(f"/act/{name}", _reader(platform, answer)) for name, answer in _GET.items()]
    return gets + [web.post(f"/act/{name}", _writer(platform, answer)) for name, answer in _POST.items()]


def _reader(platform: Platform, answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        return await _answered(platform, answer, dict(request.query))

    return handle


def _writer(platform: Platform, answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            return _refused(Failed("not_json", "Send application/json.", 415))
        try:
            arguments: Any = json.loads(await request.text())
        except json.JSONDecodeError as fault:
            return _refused(Failed("invalid_json", f"The body is not JSON: {fault}.", 400))
        if not isinstance(arguments, dict):
            return _refused(Failed("invalid_json", "The body is not an object.", 400))
        return await _answered(platform, answer, arguments)

    return handle


async def _answered(platform: Platform, answer: Answer, arguments: Json) -> web.Response:
    try:
        return web.json_response(await answer(Act(platform, arguments)))
    except Failed as failure:
        return _refused(failure)


def _refused(failure: Failed) -> web.Response:
    body = {"ok": False, "error": failure.error, "message": failure.message, **failure.extra}
    return web.json_response(body, status=failure.status)
