"""The gate before traffic: a container answers 200 on its health path, or it never gets any."""

import asyncio
import contextlib
from typing import Any

import aiohttp

from runners import hidden
from runners.containers import Containers
from runners.contract import ActionFailed, Sink
from storage.model.worded import worded

_ONE_PROBE = aiohttp.ClientTimeout(total=5)
_TAIL = 40
_BODY, _BODY_SECONDS = 64 * 1024, 1.0
_EAGER = 3.0
"""Seconds in which most services are up: so long every probe that comes late makes the deploy longer."""


ERRORS = {
    "not_healthy": "the new container did not answer 200 on its health path in time",
    "container_ended": "the new container ended before it was healthy",
    "out_of_memory": "the new container was killed because it used too much memory",
}


async def wait_until_healthy(containers: Containers, container: str, url: str, seconds: float, sink: Sink) -> float:
    """Ask until the answer is 200 and return how many seconds it took.

    When the container ends before, or the time is over: its last lines go to the sink, and `ActionFailed` is raised.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    one_each = aiohttp.TCPConnector(force_close=True)  # the service is told that nothing more comes
    async with aiohttp.ClientSession(timeout=_ONE_PROBE, connector=one_each) as session:
        while True:
            await _still_running(containers, container, sink)
            answer = await _probe(session, url)
            if answer == "200":
                return loop.time() - begun
            if loop.time() - begun > seconds:
                await _show_tail(containers, container, sink)
                raise ActionFailed(
                    worded(
                        "not healthy after {seconds} s: {url} gave {answer}",
                        seconds=f"{seconds:g}",
                        url=url,
                        answer=answer,
                    ),
                    hint=worded("read its last lines in the log; the release before it was not touched"),
                    error="not_healthy",
                )
            await asyncio.sleep(0.05 if loop.time() - begun < _EAGER else 0.2)


async def _probe(session: aiohttp.ClientSession, url: str) -> str:
    try:
        async with session.get(url, allow_redirects=False) as response:
            await _heard_out(response)
            return str(response.status)
    except TimeoutError:
        return worded("no answer within 5 s")
    except aiohttp.ClientError as error:
        return worded("no answer ({error})", error=type(error).__name__)


async def _heard_out(response: aiohttp.ClientResponse) -> None:
    """Take the answer's body, within limits: whoever is hung up on logs an error of its own, at every probe."""
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        async with asyncio.timeout(_BODY_SECONDS):
            taken = 0
            async for piece in response.content.iter_any():
                taken += len(piece)
                if taken > _BODY:
                    return


async def _still_running(containers: Containers, container: str, sink: Sink) -> None:
    state = await containers.ask(lambda engine: engine.inspect_container(container)["State"])
    if state["Running"]:
        return
    await _show_tail(containers, container, sink)
    if state["OOMKilled"]:
        raise ActionFailed(
            worded("the new container was killed before it was healthy: out of memory"),
            exit_code=state["ExitCode"],
            hint=worded("raise memory in the environment's options, or let the service use less"),
            error="out_of_memory",
        )
    raise ActionFailed(
        worded("the new container ended with exit code {code} before it was healthy", code=state["ExitCode"]),
        exit_code=state["ExitCode"],
        hint=worded("read its last lines in the log; the release before it was not touched"),
        error="container_ended",
    )


async def _show_tail(containers: Containers, container: str, sink: Sink) -> None:
    def tail(engine: Any) -> list[str]:
        written = engine.logs(container, tail=_TAIL + 1).decode(errors="replace").splitlines()
        return hidden.redactor_of(engine, [container]).stream().redact(written)

    lines = await containers.ask(tail)
    if len(lines) > _TAIL:
        sink.line(f"the last {_TAIL} lines of the new container; it wrote more before them:")
    for line in lines[-_TAIL:]:
        sink.line(line)
