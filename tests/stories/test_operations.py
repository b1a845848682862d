"""What operators meet: restarts, wrong settings, surroundings that are away, and the trail that proves itself."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from bot.local import LocalAccess
from storage.model.run import Status
from storage.store import Store
from tests.registry import free_port
from tests.stories.person import Person
from tests.stories.reading import Json, key_of, run_of, words
from tests.stories.world import World, together

Make = Callable[..., AbstractContextManager[World]]
_TAMPER = "UPDATE journal SET actor = 'URUIREL01' WHERE run = ? AND sequence = 1"


@pytest.mark.parametrize(("mode", "kept"), [("http", "sqlite"), ("socket", "postgresql")])
async def test_the_main_job_works_however_it_is_connected_and_kept(
    make_world: Make, request: pytest.FixtureRequest, mode: str, kept: str
) -> None:
    database = request.getfixturevalue("fresh_postgres") if kept == "postgresql" else None
    with make_world(mode=mode, database=database) as world:
        async with together(world, "dev", "release") as (ana, rui):
            await ana.deploys("deploy greeter to homolog")
            run = await ana.starts("deploy greeter to production")
            await rui.clicks(await rui.reads(f"{run}/approval/approve-production"), "Approve")
            assert await ana.run_ends(run) == "succeeded"
            assert (await world.answers("greeter.production")).strip() == "Olá do greeter!"
            await ana.types("/estiva status greeter")
            assert (await ana.sees("What runs where"))["is_ephemeral"]
            for command in ("audit", "verify"), ("doctor",):
                code, printed = await world.bot.estiva(*command)
                assert code == 0, printed


async def test_doctor_is_content_with_a_demo_that_is_up_and_with_none_that_is_not(world: World, tmp_path: Path) -> None:
    login = {name: value for name, value in world.bot.environment.items() if name.startswith("ESTIVA_REGISTRY_")}
    unset = dict.fromkeys(name for name in world.bot.environment if name.startswith("ESTIVA_SLACK_") or name in login)
    (tmp_path / "registry.env").write_text("".join(f"{name}={value}\n" for name, value in login.items()))
    for url, expected in (world.local.url, 0), (f"http://127.0.0.1:{free_port()}", 1):
        access = replace(LocalAccess.fresh(), url=url, bot_token=world.local.bot_token, app_token=world.local.app_token)
        access.write(tmp_path)
        code, printed = await world.bot.estiva("doctor", ESTIVA_DATA=str(tmp_path), **unset)
        assert code == expected, printed
        assert ("ESTIVA_SLACK_BOT_TOKEN, ESTIVA_SLACK_APP_TOKEN not set" in printed) is bool(expected)
        assert ("demo's workspace" in printed) is not bool(expected)


async def test_a_click_on_a_question_that_a_crash_left_unnoted_counts(make_world: Make) -> None:
    with make_world() as world:
        async with together(world, "dev", "release") as (ana, rui):
            await ana.deploys("deploy greeter to homolog")
            run = await ana.starts("deploy greeter to production")
            question = await rui.reads(f"{run}/approval/approve-production")
            world.bot.kill()  # most times before it has noted what it said
            await asyncio.to_thread(world.bot.start)
            await rui.clicks(question, "Approve")
            assert await ana.run_ends(run) == "succeeded"


async def test_a_killed_bot_goes_on_where_it_was(make_world: Make) -> None:
    with make_world() as world:
        check = {"name": "unit", "with": {"run": ["python3", "-c", "import time; time.sleep(15)"]}}
        world.service("phoenix", tests=[check])
        async with together(world, "dev", "release") as (ana, rui):
            run = await ana.starts("deploy phoenix to homolog")
            before = await world.until_container(run=run, role="job")
            world.bot.kill()
            await asyncio.to_thread(world.bot.start)
            after = await world.until_container(run=run, role="job")
            assert after["Id"] == before["Id"]
            assert await ana.run_ends(run) == "succeeded"
            release = await ana.starts("deploy phoenix to production")
            await rui.reads(f"{release}/approval/approve-production")
            assert await asyncio.to_thread(world.bot.stop) == 0
            await asyncio.to_thread(world.bot.start)
            await rui.clicks(await rui.reads(f"{release}/approval/approve-production"), "Approve")
            assert await ana.run_ends(release) == "succeeded"
            for each in (run, release):
                await ana.reads(f"{each}/ended")
                keys = [key_of(message) for message in ana.about(each)]
                assert len(keys) == len(set(keys))
            kinds = [(row["run"], row["kind"]) for row in await world.facts()]
            assert kinds.count((run, "run_ended")) == kinds.count((run, "released")) == 1


async def test_without_the_engine_a_run_ends_broken_and_says_what_to_start(make_world: Make, tmp_path: Path) -> None:
    with make_world(DOCKER_HOST=f"unix://{tmp_path}/none.sock") as world:
        async with world.person("dev") as ana:
            run = await ana.starts("deploy greeter to homolog")
            assert await ana.run_ends(run) == "broken"
            failure = words(await ana.reads(f"{run}/failure/build/image"))
            assert "Estiva itself went wrong, not your work" in failure
            assert f"the Docker engine at unix://{tmp_path}/none.sock does not answer" in failure
            assert "systemctl start docker" in failure
            assert (await ana.asks("status")).verdict == "done"


async def test_a_second_bot_on_the_same_data_refuses_to_start(world: World) -> None:
    code, printed = await world.bot.estiva("serve", ESTIVA_HTTP_PORT=str(free_port()))
    assert code not in (0, None)
    assert "another Estiva" in printed
    assert "Traceback" not in printed


async def test_a_port_in_use_is_said_at_the_start(world: World, tmp_path: Path) -> None:
    apart = {"ESTIVA_DATA": str(tmp_path), "ESTIVA_NAMESPACE": f"{world.namespace}-b"}
    code, printed = await world.bot.estiva("serve", **apart)
    assert code not in (0, None)
    assert "ESTIVA_HTTP_PORT" in printed
    assert "Traceback" not in printed


async def test_a_bot_of_the_same_name_on_other_data_leaves_the_proxy_alone(world: World, tmp_path: Path) -> None:
    async with world.person("dev") as ana:
        await ana.deploys("deploy greeter to homolog")
    apart = {"ESTIVA_DATA": str(tmp_path), "ESTIVA_HTTP_PORT": str(free_port())}
    code, printed = await world.bot.estiva("serve", **apart)
    assert code not in (0, None)
    assert "ESTIVA_NAMESPACE" in printed
    assert "Traceback" not in printed
    assert (await world.answers("greeter.homolog")).strip() == "Olá do greeter!"


async def test_an_invalid_catalog_is_refused_with_all_its_problems_at_once(world: World, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.yml"
    text = world.catalog.read_text()
    wrong = text.replace("promotes_from: homolog", "promotes_from: homolg", 1).replace("branch: main", "brunch: main")
    catalog.write_text(wrong.replace("approvals: 1", "approvals: many"))
    code, printed = await world.bot.estiva("serve", ESTIVA_CATALOG=str(catalog), ESTIVA_DATA=str(tmp_path / "data"))
    assert code == 2
    assert "homolg" in printed
    assert "approvals" in printed
    assert printed.count("brunch") == 2
    for line in [line for line in printed.splitlines() if "brunch" in line]:
        assert "catalog.yml:" in line


async def test_a_catalog_that_becomes_invalid_is_not_used(world: World, ana: Person) -> None:
    good = world.catalog.read_text()
    try:
        world.write_catalog(good.replace("services:", "servces:"))
        assert (await ana.asks("status hello")).verdict == "done"
    finally:
        world.write_catalog(good)
    assert (await ana.asks("status greeter")).verdict == "done"


async def test_one_message_delivered_three_times_is_one_run(world: World, ana: Person) -> None:
    world.errand("cuckoo", "true")
    await world.control("switch", drop_acks=2, ack_seconds=1.5)
    try:
        said = await ana.says("deploy cuckoo to homolog")
        answer = await ana.answer(said["ts"])
        assert await ana.run_ends(answer.run) == "succeeded"
        tries = await world.until(lambda: _acknowledged(ana, said["ts"]))
        assert [each["attempt"] for each in tries] == [0, 1, 2]
    finally:
        await world.control("switch", drop_acks=0, ack_seconds=3.0)
    runs = {row["run"] for row in await world.facts() if str(row["run"]).startswith("cuckoo-")}
    assert runs == {"cuckoo-1"}
    # Runs of other stories in the same world may change their cards meanwhile: only this run's are counted.
    mine = [key_of(message) for message in ana.seen.values() if run_of(message) == answer.run]
    assert [key for key in mine if key.endswith("/card")] == ["cuckoo-1/card"]


async def _acknowledged(person: Person, ts: str) -> list[Json]:
    """Give the deliveries of a message once the last was acknowledged."""
    log = await person.client.log(kind="delivery")
    tries = [each for each in log if each["payload"].get("event", {}).get("ts") == ts]
    return tries if tries[-1]["acked_ms"] is not None else []


async def test_the_trail_is_exported_and_whoever_changes_it_is_found_out(
    world: World, ana: Person, tmp_path: Path
) -> None:
    world.service("magpie")
    run = await ana.deploys("deploy magpie to homolog")
    code, exported = await world.bot.estiva("audit", "export")
    assert code == 0
    kinds = [row["kind"] for row in json.loads(exported) if row["run"] == run]
    assert kinds[0] == "run_requested"
    assert {"lock_taken", "action_started", "action_succeeded", "released"} <= set(kinds)
    assert kinds[-1] == "run_ended"
    code, table = await world.bot.estiva("audit", "export", "--format", "csv")
    assert code == 0
    assert table.splitlines()[0].startswith("id,chain,position,run")
    assert run in table
    _copy(world.root / "data" / "estiva.db", tmp_path / "estiva.db")
    code, printed = await world.bot.estiva("audit", "verify", ESTIVA_DATA=str(tmp_path))
    assert code == 0, printed
    with closing(sqlite3.connect(tmp_path / "estiva.db")) as database, database:
        with pytest.raises(sqlite3.IntegrityError):
            database.execute(_TAMPER, (run,))
        _lift_guards(database)
        assert database.execute(_TAMPER, (run,)).rowcount == 1
    code, printed = await world.bot.estiva("audit", "verify", "--json", ESTIVA_DATA=str(tmp_path))
    assert code == 1
    verdict = json.loads(printed)
    assert verdict["first_bad"] == (await world.facts(run))[0]["id"]
    assert "changed after it was written" in verdict["why"]


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)


def _lift_guards(database: sqlite3.Connection) -> None:
    """Do what somebody would do who has the file: take the triggers away that forbid changes."""
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f'DROP TRIGGER "{name}"')


async def test_health_and_metrics_tell_how_it_is(world: World) -> None:
    async with aiohttp.ClientSession(world.bot.url) as session:
        async with session.get("/health") as health:
            facts = await health.json()
            assert facts["ready"]
            assert facts["slack"]["connected"]
        async with session.get("/metrics") as metrics:
            assert "estiva_" in await metrics.text()


async def test_what_a_killed_bot_left_of_a_cancelled_run_is_gone_within_a_minute(make_world: Make) -> None:
    with make_world() as world:
        check = {"name": "unit", "with": {"run": ["python3", "-c", "import time; time.sleep(300)"]}}
        world.service("orphan", tests=[check])
        async with world.person("dev") as ana:
            run = await ana.starts("deploy orphan to homolog")
            await world.until_container(run=run, role="job")
            world.bot.kill()
            store = await Store.open(f"sqlite:///{world.root / 'data' / 'estiva.db'}", world.root / "data")
            await store.runs.finish(run, Status.CANCELLED, "the database was told so by somebody else")
            await store.close()
            await asyncio.to_thread(world.bot.start)
            async with asyncio.timeout(60):
                while await world.containers(run=run) or (world.root / "data" / "work" / run).exists():  # noqa: ASYNC110
                    await asyncio.sleep(0.5)
            await ana.deploys("deploy greeter to homolog")
            assert (await world.answers("greeter.homolog")).strip() == "Olá do greeter!"
