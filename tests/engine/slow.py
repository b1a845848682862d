"""A way to the database on which everything takes its time: a TCP proxy, of which the test decides how slow it is."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa


@dataclass
class Way:
    """Passes on what it hears, some seconds later, in both directions."""

    host: str
    port: int
    delay: float = 0.0
    _taking: set[asyncio.Task[None]] = field(default_factory=set)
    _passing: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, opened: "Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]]") -> None:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        stop = asyncio.Event()
        opened.set_result((server.sockets[0].getsockname()[1], asyncio.get_running_loop(), stop))
        await stop.wait()
        server.close()
        for task in [*self._passing]:
            task.cancel()
        if self._taking:
            await asyncio.wait(self._taking)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._take(reader, writer))
        self._taking.add(task)
        task.add_done_callback(self._taking.discard)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection(self.host, self.port)
        except OSError:
            writer.close()
            return
        both = {asyncio.create_task(self._pass(*way)) for way in ((reader, back), (there, writer))}
        self._passing |= both
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in both:
            task.cancel()
        await asyncio.wait(both)
        self._passing -= both

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            try:
                while heard := await reader.read(65_536):
                    await asyncio.sleep(self.delay)
                    writer.write(heard)
                    await writer.drain()
            finally:
                writer.close()


@contextmanager
def slow(url: str) -> Iterator[tuple[str, Way]]:
    """Give the URL of a database by a way that may become slow, and the way; in a thread that nobody else holds up."""
    where = sa.make_url(url)
    way = Way(str(where.host), int(where.port or 0))
    opened: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = threading.Thread(target=lambda: asyncio.run(way.serve(opened)), name="slow way")
    thread.start()
    port, loop, stop = opened.result(30)
    try:
        yield where.set(host="127.0.0.1", port=port).render_as_string(hide_password=False), way
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
