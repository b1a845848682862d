"""What goes wrong is said where it was asked: what, why, its last lines, and what to do."""

import re
import socket
from pathlib import Path
from typing import Any

from tests.registry import free_port, running
from tests.stories.person import Person
from tests.stories.reading import Json, buttons, tasks, words
from tests.stories.sources import page
from tests.stories.world import SECRET, World

CHECK = """\
import os, sys
for number in range(60):
    print("step", number)
print("<!channel> look & *see* ```")
print("password is {secret}")
sys.exit(3)
"""


async def test_a_failing_test_ends_the_run_and_says_all_that_is_needed(world: World, ana: Person) -> None:
    check = {"name": "unit", "with": {"run": ["python3", "check.py"]}}
    world.service("merlin", {"check.py": CHECK.format(secret=SECRET)}, tests=[check])
    run = await ana.starts("deploy merlin to homolog")
    assert await ana.run_ends(run) == "failed"
    failure = await ana.reads(f"{run}/failure/test/unit")
    shown = words(failure)
    for part in ("<@UANADEV01>", "Couldn't pass unit tests", "exit code 3", "step 59", "password is ***"):
        assert part in shown
    assert shown.count("exit code 3") == 1
    assert words(await ana.reads(f"{run}/card", "failed after")).count("`python3 check.py` ended with exit code 3") == 1
    assert "Before that: Fetched merlin, Built" in shown
    assert "&lt;!channel&gt; look &amp; *see* '''" in shown
    assert list(buttons(failure)) == ["Retry from Start", "Full Log"]
    card = tasks(await ana.reads(f"{run}/card"))
    assert card["Couldn't pass unit tests"] == "error"
    assert card["Push merlin"] == card["Deploy merlin"] == "pending"
    started = [row["data"]["action"] for row in await world.facts(run) if row["kind"] == "action_started"]
    assert started == ["checkout", started[1], "unit"]
    await ana.clicks(failure, "Full Log")
    answer = await ana.until(lambda: _with_file(ana, failure["thread_ts"]))
    log = (await ana.client.download(answer["files"][0]["url_private"])).decode()
    assert "step 0\n" in log
    assert "<!channel> look & *see* ```" in log
    everywhere = "\n".join(words(message) for message in ana.seen.values()) + log
    assert SECRET not in everywhere
    assert "<!channel>" not in everywhere.replace(log, "")
    files = [path for path in world.root.joinpath("data").rglob("*") if path.is_file() and "work" not in path.parts]
    assert not [path for path in files if _holds(path, SECRET) and "mirrors" not in path.parts]
    await ana.clicks(failure, "Retry from Start")
    await ana.sees("Trying `merlin-1` again: run `merlin-2`")
    assert await ana.run_ends("merlin-2") == "failed"


def _with_file(person: Person, thread: str) -> Json | None:
    said = (message for message in person.seen.values() if message.get("thread_ts") == thread)
    return next((message for message in said if message.get("files")), None)


def _holds(path: Path, secret: str) -> bool:
    return secret.encode() in path.read_bytes()


async def test_a_broken_build_says_which_step(world: World, ana: Person) -> None:
    run = await ana.starts("deploy hello@broken-build to homolog")
    assert await ana.run_ends(run) == "failed"
    failure = await ana.reads(f"{run}/failure/build/image")
    assert "Couldn't build image" in words(failure)
    assert "COPY failed: file not found" in words(failure)
    assert words(failure).count("docker build") == 1
    source = world.service("nightjar")
    source.commit("Forget a file", {"Dockerfile": "FROM estiva/python:base\nCOPY missing.txt .\n"})
    run = await ana.starts("deploy nightjar to homolog")
    assert await ana.run_ends(run) == "failed"
    shown = words((await ana.until(lambda: [m for m in ana.about(run) if "failure" in str(m["metadata"])]))[0])
    assert "missing.txt" in shown
    assert "What to do:" in shown


BATCH = """version: 0.2
batch: {build-list: [{identifier: linux}, {identifier: arm}]}
phases: {build: {commands: [WHO=$CODEBUILD_BATCH_BUILD_IDENTIFIER, 'echo "error: $WHO"; test $WHO = linux']}}
"""


async def test_a_batch_is_told_by_the_build_that_failed(world: World, ana: Person) -> None:
    build = {"uses": "buildspec", "with": {"image": "estiva/ci:base", "batch": True}}
    source = world.service("sanderling", build=build)
    source.commit("Build twice", {"buildspec.yml": BATCH})
    run = await ana.starts("deploy sanderling to homolog")
    assert await ana.run_ends(run) == "failed"
    shown = words(await ana.reads(f"{run}/failure/build/image"))
    assert "sanderling batch #1: arm: BUILD: `echo" in shown
    assert "arm | error: arm" in shown
    assert "linux | " not in shown
    assert [row for row in await world.facts(run) if "sanderling batch #1: 2/2" in row["data"].values()]


async def test_a_wrong_buildspec_is_refused_with_the_line(world: World, ana: Person) -> None:
    run = await ana.starts("deploy hello@bad-buildspec to homolog")
    assert await ana.run_ends(run) == "failed"
    shown = words(await ana.reads(f"{run}/failure/build/image"))
    assert "buildspec.yml" in shown
    assert re.search(r"line 1\d: phase build has no commands, but an unknown key comands", shown)
    source = world.service("plover", build={"uses": "buildspec", "with": {"image": "estiva/ci:base"}})
    source.commit("Build by hand", {"buildspec.yml": "version: 0.2\nphases:\n  build:\n    commands: [[a, b]]\n"})
    run = await ana.starts("deploy plover to homolog")
    assert await ana.run_ends(run) == "failed"
    assert "at line 4" in words(await ana.sees(f"{run}: Couldn't build"))


async def test_a_sick_release_leaves_the_old_one_in_place(world: World, ana: Person) -> None:
    source = world.service("osprey", says="well")
    await ana.deploys("deploy osprey to homolog")
    source.commit("Fall ill", {"service.py": "raise SystemExit('no cache to warm')\n"})
    run = await ana.starts("deploy osprey to homolog")
    assert await ana.run_ends(run) == "failed"
    shown = words(await ana.reads(f"{run}/failure/deploy-homolog/deploy"))
    assert "no cache to warm" in shown
    assert (await world.answers("osprey.homolog")).strip() == "well"
    assert "Roll Back" not in shown
    mine = [c for c in await world.containers(service="osprey") if c["State"] == "running"]
    assert len(mine) == 1


async def test_a_repository_out_of_reach_is_named(world: World, ana: Person) -> None:
    world.service("petrel", repository="/nowhere/petrel")
    answer = await ana.asks("deploy petrel to homolog")
    assert answer.verdict == "refused"
    assert "/nowhere/petrel" in answer.text


async def test_a_registry_that_refuses_or_is_away_fails_the_push(world: World, ana: Person, tmp_path: Path) -> None:
    with running(tmp_path) as other:
        world.service("quail", image=f"{other.host}/quail")
        run = await ana.starts("deploy quail to homolog")
        assert await ana.run_ends(run) == "failed"
        shown = words(await ana.reads(f"{run}/failure/push/push"))
        assert f"the registry {other.host} refused" in shown
    world.service("rook", image=f"127.0.0.1:{free_port()}/rook")
    run = await ana.starts("deploy rook to homolog")
    assert await ana.run_ends(run) == "failed"
    assert "does not answer" in words(await ana.reads(f"{run}/failure/push/push"))


async def test_a_port_that_is_taken_is_named(world: World, ana: Person) -> None:
    world.service("swift")
    port = int(world.addresses["swift.homolog"].rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        run = await ana.starts("deploy swift to homolog")
        assert await ana.run_ends(run) == "failed"
    shown = words(await ana.reads(f"{run}/failure/deploy-homolog/deploy"))
    assert f"port {port} is taken" in shown
    assert "What to do:" in shown
    run = await ana.starts(f"retry {run}")
    assert await ana.run_ends(run) == "succeeded"


async def test_a_migration_that_fails_leaves_the_old_release_in_place(world: World, ana: Person) -> None:
    migrate = {"before": [{"name": "migrate", "command": ["python3", "migrate.py"]}]}
    steps = [("source", "checkout", "git"), ("build", "image", "dockerfile"), ("publish", "push", "push")]
    stages: list[dict[str, Any]] = [{"stage": s, "actions": [{"name": n, "uses": u}]} for s, n, u in steps]
    release = {"name": "deploy", "uses": "docker", "with": migrate}
    stages.append({"stage": "release", "environment": "homolog", "actions": [release]})
    source = world.service("wigeon", {"migrate.py": "print('Applied 0001')\n"}, says="before", pipeline=stages)
    await ana.deploys("deploy wigeon to homolog")
    source.commit("Forget a table", {"service.py": page("after"), "migrate.py": "raise SystemExit('no table users')\n"})
    run = await ana.starts("deploy wigeon to homolog")
    assert await ana.run_ends(run) == "failed"
    shown = words(await ana.reads(f"{run}/failure/release/deploy"))
    assert "migrate failed before the release: exit code 1" in shown
    assert "migrate | no table users" in shown
    assert "what serves was not touched" in shown
    assert "before" in await world.answers("wigeon.homolog")
