"""The machine's engine, behind a socket of the test's own, which now and then answers as a busy one has done."""

import contextlib
import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path

import aiohttp
from aiohttp import web

from runners.containers import DEFAULT_URL

# the words of Docker 20.10, when a child of the base image is removed while its cache is looked through
GONE = 'unable to find image "sha256:0e696dccd272f8ad17f7d8f1d5c044ddc1b6d3bd76cbb1a78d712dd8b8c30895"'


class Forgetful:
    """So many builds meet an image that just goes, so many logs are empty; all else is the real engine's."""

    def __init__(self, builds: int, logs: int) -> None:
        self.builds, self.logs = builds, logs
        self._engine = aiohttp.UnixConnector(DEFAULT_URL.removeprefix("unix://"))

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.endswith("/logs") and self.logs:
            self.logs -= 1
            return web.Response(content_type="application/octet-stream")
        if request.path.endswith("/build") and self.builds:
            self.builds -= 1
            await request.read()
            said = {"errorDetail": {"message": GONE}, "error": GONE}
            return web.Response(text=f"{json.dumps(said)}\r\n", content_type="application/json")
        async with (
            aiohttp.ClientSession(connector=self._engine, connector_owner=False) as session,
            session.request(
                request.method,
                f"http://engine{request.raw_path}",
                headers=request.headers,
                data=request.content,
            ) as found,
        ):
            if found.status == HTTPStatus.NO_CONTENT:
                return web.Response(status=found.status)
            answer = web.StreamResponse(status=found.status, headers={"Content-Type": found.content_type})
            answer.force_close()  # what a log is asked for with has no other end
            await answer.prepare(request)
            async for part in found.content.iter_any():
                await answer.write(part)
            return answer

    async def close(self) -> None:
        await self._engine.close()


@contextlib.asynccontextmanager
async def forgetful(folder: Path, *, builds: int = 0, logs: int = 0) -> AsyncIterator[str]:
    """Give the address of one."""
    engine, place = Forgetful(builds, logs), folder / "engine.sock"
    runner = web.ServerRunner(web.Server(engine.answer))
    await runner.setup()
    await web.UnixSite(runner, str(place)).start()
    try:
        yield f"unix://{place}"
    finally:
        await runner.cleanup()
        await engine.close()
