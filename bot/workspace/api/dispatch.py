"""A request to /api/<method> becomes a call: token, scope, rate, arguments; its result is logged."""

import asyncio
import json
import time

from aiohttp import web

from bot.workspace.api import apps, chat, conversations, files, people, reactions, views
from bot.workspace.api.method import APP_TOKEN, BOT_TOKEN, METHODS, NO_TOKEN, Call, Method
from bot.workspace.platform import Platform
from bot.workspace.wire import Json, SlackError, fresh

FAMILIES = (apps, chat, conversations, files, people, reactions, views)
"""Importing a family registers its methods."""


async def answer(platform: Platform, request: web.Request) -> web.Response:
    """Answer one call of the Web API, as Slack would."""
    name = request.match_info["method"]
    began = time.monotonic()
    arguments: Json = {}
    try:
        arguments = await _arguments(request)
        token = _token(request, arguments)
        if platform.switches.take_held(name):
            await asyncio.sleep(platform.switches.held_seconds)
        result = _answered(platform, name, arguments, token)
    except SlackError as refusal:
        result = refusal.answer()
    wait = result.pop("retry_after", None)
    platform.log.add(
        "call",
        method=name,
        arguments=arguments,
        at=platform.workspace.clock(),
        ms=round((time.monotonic() - began) * 1000, 2),
        ok=result["ok"],
        error=result.get("error"),
        status=429 if wait else 200,
    )
    headers = {"X-Slack-Req-Id": fresh("", 32).lower(), "X-OAuth-Scopes": ",".join(platform.workspace.manifest.scopes)}
    if wait:
        headers["Retry-After"] = str(wait)
    return web.json_response(result, status=429 if wait else 200, headers=headers)


def _answered(platform: Platform, name: str, arguments: Json, token: str) -> Json:
    method = METHODS.get(name)
    if method is None:
        raise SlackError("unknown_method", req_method=name)
    kind = _authorised(platform, method, token)
    if platform.switches.take_failure(name):
        raise SlackError("fatal_error")
    if platform.switches.take_limit(name):
        raise SlackError("ratelimited", retry_after=platform.switches.retry_after)
    if wait := platform.limits.take(name, method.rate):
        raise SlackError("ratelimited", retry_after=wait)
    return method.answer(Call(platform, arguments, kind))


def _authorised(platform: Platform, method: Method, token: str) -> str:
    if method.token == NO_TOKEN:
        return NO_TOKEN
    if not token:
        raise SlackError("not_authed")
    settings = platform.settings
    kind = {settings.bot_token: BOT_TOKEN, settings.app_token: APP_TOKEN}.get(token)
    if kind is None:
        raise SlackError("invalid_auth")
    if kind != method.token:
        raise SlackError("not_allowed_token_type")
    scopes = platform.workspace.manifest.scopes
    if method.scopes and kind == BOT_TOKEN and not set(method.scopes) & set(scopes):
        raise SlackError("missing_scope", needed=",".join(method.scopes), provided=",".join(scopes))
    return kind


async def _arguments(request: web.Request) -> Json:
    """Return the arguments from query, form and JSON alike; a later one wins."""
    arguments: Json = dict(request.query)
    if request.content_type == "application/json":
        return arguments | await _json(request)
    if request.method == "POST":
        form = await request.post()
        arguments |= {name: value for name, value in form.items() if isinstance(value, str)}
    return arguments


async def _json(request: web.Request) -> Json:
    try:
        content = json.loads(await request.text() or "{}")
    except (json.JSONDecodeError, UnicodeDecodeError) as fault:
        raise SlackError("invalid_json") from fault
    if not isinstance(content, dict):
        raise SlackError("json_not_object")
    return content


def _token(request: web.Request, arguments: Json) -> str:
    """Take the token out of header or arguments; it is not logged."""
    given = str(arguments.pop("token", ""))
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    return bearer.strip() if scheme.lower() == "bearer" else given
