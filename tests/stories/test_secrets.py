"""Secrets on Docker engines: they reach the container, and nothing that Estiva writes."""

import asyncio
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from storage import chunks
from tests.doubles.aws.identities import Identities
from tests.doubles.aws.server import ACCOUNT, REGION, SURROUNDINGS, Server, serving
from tests.doubles.aws.vault import Vault
from tests.stories.conftest import Make
from tests.stories.person import Person
from tests.stories.reading import words
from tests.stories.sources import Source
from tests.stories.world import World, together

SERVICE = """\
import hashlib, http.server, os, signal, sys
print("the key is", os.environ["API_KEY"], flush=True)
{then}
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(hashlib.sha256(os.environ["API_KEY"].encode()).hexdigest().encode())
    def log_message(self, *_): pass
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
"""
FIRST, SECOND, OTHER = "marsh-lantern-1917", "salt-meadow-2044", "reed-harrier-3310"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/estiva-homes"


def service(world: World, name: str, reference: str, **more: str) -> Source:
    """Add a service that tells which key it has to whoever has the key too."""
    secrets = {place: {"API_KEY": reference, **more} for place in ("homolog", "production")}
    return world.service(name, {"service.py": SERVICE.format(then="")}, secrets=secrets)


async def key(world: World, place: str) -> str:
    """What a service says of its key."""
    return await world.answers(place)


def digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


async def nowhere(world: World, people: list[Person], *values: str) -> None:
    """No value is in a message, in the journal, in what the bot logs, or in any file of its own; the bot has ended."""
    said = json.dumps([[*person.seen.values(), *person.views, person.home] for person in people], ensure_ascii=False)
    facts = json.dumps(await world.facts(), default=str, ensure_ascii=False)
    files = [*world.root.joinpath("data").rglob("*"), *world.root.glob("*.log")]
    for value in values:
        assert value not in said
        assert value not in facts
        assert [path for path in files if path.is_file() and value.encode() in _read(path)] == []


def _read(path: Path) -> bytes:
    """Give what is in a file: logs of actions are packed."""
    packed = "logs" in path.parts and path.suffix == ".log"
    return path.read_bytes() + ("\n".join(chunks.read(path, 0)).encode() if packed else b"")


async def test_a_variable_of_the_process_reaches_the_container_and_nothing_else(make_world: Make) -> None:
    with make_world(DIPPER_KEY=FIRST, DIPPER_OTHER=OTHER) as world:
        source = service(world, "dipper", "variable:DIPPER_KEY")
        async with together(world, "dev") as (ana,):
            planned = (await ana.asks("plan dipper to homolog")).text
            assert "variable:" not in planned
            first = await ana.deploys("deploy dipper to homolog")
            assert await key(world, "dipper.homolog") == digest(FIRST)
            (running,) = await world.running(service="dipper", role="app")
            assert running["Labels"]["estiva.secrets"] == "API_KEY"
            assert FIRST not in json.dumps(running)
            assert "the key is ***" in (await ana.asks("logs dipper in homolog now")).text
            shown = words((await ana.asks("env dipper")).message)
            assert "API_KEY" in shown
            assert "secret" in shown

            await begun_anew(world, DIPPER_KEY=SECOND)
            assert "the key is ***" in (await ana.asks("logs dipper in homolog now")).text, (
                "what runs has the value of then"
            )
            await ana.deploys("restart dipper in homolog")
            assert await key(world, "dipper.homolog") == digest(SECOND)

            source.commit("Fall over", {"service.py": SERVICE.format(then="sys.exit(7)")})
            fallen = await ana.starts("deploy dipper to homolog")
            assert await ana.run_ends(fallen) == "failed"
            failure = words(await ana.reads(f"{fallen}/failure/deploy-homolog/deploy"))
            assert "the key is ***" in failure
            await ana.asks(f"logs {fallen} deploy")

            world.write_catalog(world.catalog.read_text().replace("variable:DIPPER_KEY", "variable:DIPPER_OTHER"))
            assert "`API_KEY`" in (await ana.asks("env dipper in homolog")).text
            await ana.deploys("redeploy dipper in homolog")
            assert await key(world, "dipper.homolog") == digest(OTHER)
            source.commit("Stand up", {"service.py": SERVICE.format(then="up = True")})
            await ana.deploys("deploy dipper to homolog")
            await ana.deploys(f"rollback dipper in homolog to {first}")
            assert await key(world, "dipper.homolog") == digest(SECOND), "named as the release named it, valued as now"
            world.bot.end()
            await nowhere(world, [ana], FIRST, SECOND, OTHER)


async def begun_anew(world: World, **environment: str) -> None:
    """End the bot as a crash does, and start it with other variables."""
    world.bot.kill()
    world.bot.environment.update(environment)
    await asyncio.to_thread(world.bot.start)


async def test_a_variable_that_is_not_set_is_refused_before_anything_is_touched(make_world: Make) -> None:
    with make_world(AVOCET_KEY=FIRST) as world:
        service(world, "avocet", "variable:AVOCET_KEY")
        async with together(world, "dev") as (ana,):
            await ana.deploys("deploy avocet to homolog")
            text = world.catalog.read_text()
            world.write_catalog(
                text.replace('"API_KEY": "variable:', '"MORE": "variable:AVOCET_GONE", "API_KEY": "variable:')
            )
            run = await ana.starts("restart avocet in homolog")
            assert await ana.run_ends(run) == "succeeded", "it names what the release named"
            before = {each["Id"] for each in await world.containers(service="avocet", role="app")}
            for asked in ("deploy avocet to homolog", "redeploy avocet in homolog", "plan avocet to homolog"):
                said = await ana.asks(asked)
                assert said.verdict == "refused"
                assert "AVOCET_GONE is not set where Estiva runs" in said.text
                assert "start Estiva again" in said.text
            assert {each["Id"] for each in await world.containers(service="avocet", role="app")} == before
            assert await key(world, "avocet.homolog") == digest(FIRST)
            code, printed = await world.bot.estiva("doctor")
            assert code != 0
            assert "secrets of avocet in homolog: AVOCET_GONE not set" in printed
            await begun_anew(world, AVOCET_GONE=SECOND)
            assert "secrets of avocet in homolog: 2 from variables, all set" in (await world.bot.estiva("doctor"))[1]
            await ana.deploys("redeploy avocet in homolog")
            world.bot.end()
            await nowhere(world, [ana], FIRST, SECOND)


async def test_a_web_shows_nothing_of_a_secret_that_only_its_worker_has(make_world: Make, fresh_postgres: str) -> None:
    with make_world(database=fresh_postgres, started=False) as world, ExitStack() as stack:
        service(world, "knot", "variable:KNOT_KEY")
        web, worker = world.bot.beside("web"), world.bot.beside("worker")
        for each in (web, worker):
            stack.callback(each.end)
            await asyncio.to_thread(each.start)
        async with together(world, "dev") as (ana,):
            run = await ana.starts("deploy knot to homolog")
            assert await ana.run_ends(run) == "failed"
            said = words(await ana.reads(f"{run}/failure/deploy-homolog/deploy"))
            assert "KNOT_KEY is not set where Estiva runs" in said
            assert await world.containers(service="knot", role="app") == []
            worker.end()
            worker.environment["KNOT_KEY"] = FIRST
            await asyncio.to_thread(worker.start)
            await ana.deploys(f"retry {run}")
            assert await key(world, "knot.homolog") == digest(FIRST)
            assert "the key is ***" in (await ana.asks("logs knot in homolog now")).text
            stack.close()
            await nowhere(world, [ana], FIRST)


@pytest.fixture
def cloud() -> Iterator[tuple[Server, Vault]]:
    server = Server(speed=1)
    vault, identities = Vault(server), Identities(server)
    vault.put_secret("gannet/api", json.dumps({"key": FIRST}))
    identities.trusted[ROLE] = "estiva-homes"
    with serving(server):
        yield server, vault


def in_an_account(world: World, server: Server) -> None:
    """Let both environments have an account of AWS, with engines of their own all the same."""
    ends = ", ".join(f'{name}: "{url}"' for name, url in server.endpoints.items())
    place = f'account: "{ACCOUNT}", region: {REGION}, endpoints: {{{ends}}}'
    aws = f"aws: {{{place}, role: '{ROLE}', external_id: estiva-homes}}"
    text = re.sub(r"    target: docker\n", f"    target: docker\n    {aws}\n", world.catalog.read_text())
    may = "  - {who: [UANADEV01], may: [retry, restart], in: [production]}\n"
    world.write_catalog(text.replace("\npolicy:\n", f"\npolicy:\n{may}", 1))


async def test_a_secret_of_aws_is_released_in_the_version_that_was_approved(
    make_world: Make, cloud: tuple[Server, Vault]
) -> None:
    server, vault = cloud
    with make_world(**SURROUNDINGS, ESTIVA_LOG_LEVEL="DEBUG") as world:
        in_an_account(world, server)
        service(world, "gannet", "secret:gannet/api:key")
        async with together(world, "dev", "release") as (ana, rui):
            await ana.deploys("deploy gannet to homolog")
            assert await key(world, "gannet.homolog") == digest(FIRST)
            assert (await released(ana, rui, "deploy gannet to production"))[1] == "succeeded"
            run = await ana.starts("deploy gannet to production")
            vault.put_secret("gannet/api", json.dumps({"key": SECOND}))
            asked = server.count("GetSecretValue")
            assert await approved(ana, rui, run) == "failed"
            said = words(await ana.reads(f"{run}/failure/deploy-production/deploy"))
            assert "the configuration has changed since this was planned: API_KEY" in said
            assert server.count("GetSecretValue") == asked
            assert await key(world, "gannet.production") == digest(FIRST)

            assert (await released(ana, rui, f"retry {run}"))[1] == "succeeded"
            assert await key(world, "gannet.production") == digest(SECOND)
            assert "the key is ***" in (await ana.asks("logs gannet in homolog now")).text
            vault.put_secret("gannet/api", json.dumps({"key": OTHER}))
            await ana.deploys("restart gannet in homolog")
            assert await key(world, "gannet.homolog") == digest(OTHER)
            assert "the key is ***" in (await ana.asks("logs gannet in homolog now")).text
            assert any(who.endswith(f"assumed-role/estiva-homes/{run}") for who in visitors(server))
            world.bot.end()
            await nowhere(world, [ana, rui], FIRST, SECOND, OTHER)


def visitors(server: Server) -> list[str]:
    return [identity.arn for identity in server.keys.values()]


async def released(ana: Person, rui: Person, text: str) -> tuple[str, str]:
    """Ask for a release that Rui approves; gives the run and how it ended."""
    run = await ana.starts(text)
    return run, await approved(ana, rui, run)


async def approved(ana: Person, rui: Person, run: str) -> str:
    message: dict[str, Any] = await rui.reads(f"{run}/approval/approve-production", "Open until")
    await rui.clicks(message, "Approve")
    return await ana.run_ends(run)
