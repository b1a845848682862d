"""The Docker API of ECR: a real registry behind the rules that ECR has, which are about repositories and tags."""

import asyncio
import contextlib
import io
import threading
from collections.abc import Iterator
from concurrent.futures import Future

import aiohttp
from aiohttp import web

from tests.doubles.aws.repositories import Repositories
from tests.registry import free_port

_HOP = {"transfer-encoding", "connection", "content-length", "content-encoding"}


class Front:
    """Answers at `host`. `hidden`: how often a tag is not seen yet although it is there (another run pushes it now)."""

    def __init__(self, behind: str) -> None:
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.hidden = 0
        self.repositories: Repositories | None = None
        self._behind = f"http://{behind}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/v2/")
        name, _, reference = path.partition("/manifests/")
        repository = name.partition("/blobs/")[0]
        if path and self.repositories is not None and repository not in self.repositories.known:
            return _error(
                404, "NAME_UNKNOWN", f"The repository with name '{repository}' does not exist in the registry"
            )
        if reference and request.method in ("GET", "HEAD") and self.hidden > 0:
            self.hidden -= 1
            return _error(404, "MANIFEST_UNKNOWN", "Requested image not found")
        if reference and request.method == "PUT" and await self._is_taken(request, name, reference):
            text = f"The image tag '{reference}' already exists in the '{name}' repository and cannot be overwritten "
            return _error(400, "TAG_INVALID", text + "because the tag is immutable.")
        return await self._passed(request)

    async def _is_taken(self, request: web.Request, name: str, reference: str) -> bool:
        assert self.repositories is not None
        if self.repositories.known[name]["imageTagMutability"] == "MUTABLE":
            return False
        headers = {"Authorization": request.headers.get("Authorization", ""), "Accept": "*/*"}
        url = f"{self._behind}/v2/{name}/manifests/{reference}"
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
            return answer.status == 200

    async def _passed(self, request: web.Request) -> web.StreamResponse:
        async with aiohttp.ClientSession(auto_decompress=False) as session:
            sent = await request.read()
            async with session.request(
                request.method,
                f"{self._behind}{request.path_qs}",
                headers={k: v for k, v in request.headers.items() if k.lower() not in _HOP},
                data=io.BytesIO(sent) if sent else None,
                allow_redirects=False,
            ) as answer:
                headers = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP}
                if request.method == "HEAD":
                    headers["Content-Length"] = answer.headers.get("Content-Length", "0")
                return web.Response(status=answer.status, headers=headers, body=await answer.read())


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"errors": [{"code": code, "message": message}]}, status=status)


@contextlib.contextmanager
def fronting(front: Front) -> Iterator[Front]:
    """Serve in a thread until the block ends."""
    opened: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        app = web.Application(client_max_size=100_000_000)
        app.router.add_route("*", "/v2/{path:.*}", front.handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", front.port).start()
        stop = asyncio.Event()
        opened.set_result((asyncio.get_running_loop(), stop))
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="ecr-front")
    thread.start()
    loop, stop = opened.result(10)
    try:
        yield front
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
