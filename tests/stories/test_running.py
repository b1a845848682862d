"""What is done with a release that runs: read what it writes, start it anew, configure it anew."""

import asyncio

import aiohttp

from tests.stories.person import Person
from tests.stories.world import SECRET, World

SERVICE = """\
import http.server, os, sys
print("warbler is up with", os.environ.get("MOOD"), flush=True)
print("a secret:", "{secret}", flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(os.environ.get("MOOD", "").encode())
    def log_message(self, *_): pass
import signal
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
"""


async def test_a_release_is_read_restarted_and_configured_anew_without_a_failed_request(
    world: World, ana: Person
) -> None:
    world.service("warbler", {"service.py": SERVICE.format(secret=SECRET)}, env={"homolog": {"MOOD": "calm"}})
    first = await ana.deploys("deploy warbler to homolog")
    written = await ana.asks("logs warbler in homolog since 10m")
    assert "warbler is up with calm" in written.text
    assert "a secret: ***" in written.text
    assert SECRET not in str(written.message)
    searched = (await ana.asks("logs warbler in homolog grep UP WITH")).text
    assert "warbler is up" in searched
    assert "a secret" not in searched
    asking = asyncio.create_task(_asked_all_along(world, "warbler.homolog"))
    world.write_catalog(world.catalog.read_text().replace('"MOOD": "calm"', '"MOOD": "merry"'))
    restarted = await ana.deploys("restart warbler in homolog")
    assert await world.answers("warbler.homolog") == "calm"
    again = await ana.deploys("redeploy warbler in homolog")
    assert await world.answers("warbler.homolog") == "merry"
    asking.cancel()
    assert await asking == []
    (running,) = await world.running(service="warbler", role="app")
    assert running["Labels"]["estiva.run"] == again
    kinds = [row["kind"] for row in await world.facts(restarted)]
    assert kinds.count("released") == kinds.count("run_ended") == 1
    assert first in (await ana.asks("history warbler")).text


async def _asked_all_along(world: World, place: str) -> list[str]:
    """Ask again and again until cancelled; gives what went wrong."""
    problems: list[str] = []
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(world.addresses[place]) as answer:
                    problems += [] if answer.status == 200 else [str(answer.status)]
                await asyncio.sleep(0.02)
            except aiohttp.ClientError as problem:
                problems.append(str(problem))
            except asyncio.CancelledError:
                return problems
