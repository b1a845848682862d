"""The control API, for tests: misbehave, look at the log, begin again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace

from aiohttp import web

from bot.workspace.people import Person
from bot.workspace.platform import Platform
from bot.workspace.wire import Json


async def switch(platform: Platform, wanted: Json) -> Json:
    """Set switches (see `switches.Switches`), and: silent, rate_limits, retry_scale, ack_seconds."""
    if "silent" in wanted:
        platform.sockets.hush(silent=bool(wanted.pop("silent")))
    if "rate_limits" in wanted:
        platform.limits.enabled = bool(wanted.pop("rate_limits"))
    for name in ("retry_scale", "ack_seconds"):
        if name in wanted:
            setattr(platform.settings, name, float(wanted.pop(name)))
    platform.switches.set(wanted)
    return {"ok": True, "switches": asdict(platform.switches)}


async def disconnect(platform: Platform, wanted: Json) -> Json:
    """End the sockets: `how` is refresh (default), warning, close or reset."""
    how = wanted.get("how", "refresh")
    sockets = platform.sockets
    match how:
        case "refresh":
            await sockets.refresh()
        case "warning":
            await sockets.refresh("warning")
        case "close":
            await sockets.close()
        case "reset":
            sockets.reset_connections()
        case _:
            raise ValueError(f"how is refresh, warning, close or reset, not {how!r}.")
    return {"ok": True}


async def reset(platform: Platform, _: Json) -> Json:
    """Forget messages, files, views, log, limits; all switches off. Connections stay."""
    platform.workspace.forget()
    platform.switches.reset()
    platform.sockets.hush(silent=False)
    platform.limits.reset()
    platform.log.clear()
    return {"ok": True}


async def verify(platform: Platform, _: Json) -> Json:
    """Send the url_verification challenge to the request URL."""
    if platform.http is None:
        raise ValueError("There is no request URL: the workspace speaks Socket Mode.")
    return {"ok": await platform.http.verify()}


async def wait(platform: Platform, wanted: Json) -> Json:
    """Wait until the app has `connections` sockets (default 1), at most `seconds` (default 10)."""
    least, loop = int(wanted.get("connections", 1)), asyncio.get_running_loop()
    until = loop.time() + float(wanted.get("seconds", 10))
    while platform.workspace.connections < least and loop.time() < until:
        await platform.workspace.stream.wait(until - loop.time())
    return {"ok": platform.workspace.connections >= least, "connections": platform.workspace.connections}


async def person(platform: Platform, wanted: Json) -> Json:
    """Change an account, or make one: `user`, and any of its fields (deleted, is_restricted, is_stranger, team...)."""
    people = platform.workspace.people
    user = str(wanted.pop("user"))
    known = people.get(user) or Person(id=user, handle=user.lower(), name=user, title="")
    try:
        people[user] = replace(known, **wanted)
    except TypeError as fault:
        raise ValueError(str(fault)) from fault
    return {"ok": True, "user": people[user].user()}


async def usergroup(platform: Platform, wanted: Json) -> Json:
    """Say who is in a user group: `usergroup`, `users`; it is made when there is none."""
    groups, name, users = platform.workspace.usergroups, str(wanted["usergroup"]), [str(u) for u in wanted["users"]]
    known = next((group for group in groups if group["id"] == name), None)
    if known is None:
        known = {**groups[0], "id": name, "name": name, "handle": name.lower()}
        groups.append(known)
    known.update(users=users, user_count=len(users))
    return {"ok": True, "usergroup": known}


def routes(platform: Platform) -> list[web.RouteDef]:
    """Return the routes under /control/."""

    async def log(request: web.Request) -> web.Response:
        query = request.query
        entries = platform.log.after(int(query.get("after", 0)), query.get("kind", ""), query.get("method", ""))
        return web.json_response({"ok": True, "entries": entries})

    posts = {"switch": switch, "disconnect": disconnect, "reset": reset, "verify": verify, "wait": wait}
    posts |= {"person": person, "usergroup": usergroup}
    return [
        web.get("/control/log", log),
        *(web.post(f"/control/{name}", _handler(platform, work)) for name, work in posts.items()),
    ]


def _handler(
    platform: Platform, work: Callable[[Platform, Json], Awaitable[Json]]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        wanted = await request.json() if request.can_read_body else {}
        try:
            return web.json_response(await work(platform, wanted))
        except ValueError as fault:
            return web.json_response({"ok": False, "error": "invalid_arguments", "message": str(fault)}, status=400)

    return handle
