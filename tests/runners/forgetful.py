"""The machine's engine, behind a socket of the test's own, whose builder now and then meets an image that just goes."""

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from aiohttp import web

from runners.containers import DEFAULT_URL

# the words of Docker 20.10, when a child of the base image is removed while its cache is looked through
GONE = 'unable to find image "sha256:0e696dccd272f8ad17f7d8f1d5c044ddc1b6d3bd76cbb1a78d712dd8b8c30895"'


class Forgetful:
    """`times` builds end like that; all else is the real engine's."""

    def __init__(self, times: int) -> None:
        self.left = times
        self._engine = aiohttp.UnixConnector(DEFAULT_URL.removeprefix("unix://"))

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.endswith("/build") and self.left:
            self.left -= 1
            await request.read()
            said = {"errorDetail": {"message": GONE}, "error": GONE}
            return web.Response(text=f"{json.dumps(said)}\r\n", content_type="application/json")
        async with (
            aiohttp.ClientSession(connector=self._engine, connector_owner=False) as session,
            session.request(
                request.method, f"http://engine{request.raw_path}", headers=request.headers, data=request.content
            ) as found,
        ):
            answer = web.StreamResponse(status=found.status, headers={"Content-Type": found.content_type})
            await answer.prepare(request)
            async for part in found.content.iter_any():
                await answer.write(part)
            return answer

    async def close(self) -> None:
        await self._engine.close()


@contextlib.asynccontextmanager
async def forgetful(folder: Path, times: int) -> AsyncIterator[str]:
    """Give the address of one."""
    engine, place = Forgetful(times), folder / "engine.sock"
    runner = web.ServerRunner(web.Server(engine.answer))
    await runner.setup()
    await web.UnixSite(runner, str(place)).start()
    try:
        yield f"unix://{place}"
    finally:
        await runner.cleanup()
        await engine.close()
