"""Terraform: a plan is saved, shown and applied as just that file, in real containers.

The program is a stand-in that keeps to the contract of its command line; where this machine has Terraform itself, that
plays the same story.
"""

import asyncio
import contextlib
import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from docker import APIClient

from runners.aws.session import Clouds
from runners.containers import Containers
from runners.contract import ActionFailed, Outcome, Work
from runners.leftovers import EngineLeftovers
from runners.proxy import Proxy
from runners.terraform.runner import TerraformRunner
from storage.model import artifact
from storage.model.catalog import Environment, Json
from storage.model.cloud import Aws
from tests.doubles.aws.identities import Identities
from tests.doubles.aws.server import ACCOUNT, REGION, SURROUNDINGS, Server, serving
from tests.runners.bench import Bench, Notes

BASE_IMAGES = Path(__file__).parents[2] / ".ci" / "base-images"
STAND_IN = Path(__file__).parents[1] / "doubles" / "terraform" / "terraform"
CHANGES = artifact.changes("production", "infra")
SECRET = "hush-hush"
NONE: Mapping[str, str] = MappingProxyType({})
PROGRAMS = {
    "stand-in": (str(STAND_IN), "estiva/python:base"),
    "real": (shutil.which("terraform"), "estiva/busybox:base"),
}
FOUND = [name for name, (path, _) in PROGRAMS.items() if path]

pytestmark = pytest.mark.docker


@pytest.fixture(scope="session")
def image_of(engine: APIClient, namespace: str) -> Iterator[Callable[[str], str]]:
    """An image with one of the programs in it, made when it is first needed."""
    subprocess.run([BASE_IMAGES, "python"], check=True)
    made: dict[str, str] = {}

    def make(program: str) -> str:
        if program not in made:
            path, base = PROGRAMS[program]
            made[program] = _image(engine, namespace, str(path), base, program)
        return made[program]

    yield make
    for tag in made.values():
        engine.remove_image(tag, force=True)


def _image(engine: APIClient, namespace: str, path: str, base: str, program: str) -> str:
    tag = f"{namespace}/terraform:{program}"
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        tar.add(path, "terraform")
        dockerfile = f"FROM {base}\nCOPY terraform /bin/terraform\n"
        info = tarfile.TarInfo("Dockerfile")
        info.size = len(dockerfile)
        tar.addfile(info, io.BytesIO(dockerfile.encode()))
    context.seek(0)
    lines = list(engine.build(fileobj=context, custom_context=True, tag=tag, rm=True, decode=True))
    assert not [line for line in lines if "error" in line], lines
    return tag


@dataclass
class Site:
    """A directory of the commit, and the state that it is about."""

    runner: TerraformRunner
    bench: Bench
    image: str
    options: dict[str, Json] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)

    def __post_init__(self) -> None:
        self.bench.environment = Environment(name="production")
        self.root = self.bench.root / "runs" / self.bench.run
        self.config: dict[str, Any] = {
            "terraform": {"backend": {"local": {"path": str(self.root / "state.tfstate")}}},
            "variable": {"size": {"type": "string"}, "token": {"type": "string", "sensitive": True, "default": ""}},
            "resource": {
                "terraform_data": {"web": {"input": "${var.size}"}, "db": {"triggers_replace": ["${var.size}"]}}
            },
            "output": {
                "size": {"value": "${var.size}"},
                "secret": {"value": "${var.token}", "sensitive": True},
            },
        }
        self.commit()

    def commit(self) -> None:
        self.made = self.bench.source({"infra/main.tf.json": json.dumps(self.config)})

    def work(self, do: str, attempt: int, artifacts: Mapping[str, str]) -> Work:
        known: dict[str, Json] = {"do": do, "directory": "infra", "image": self.image, "network": "none"}
        given: dict[str, Json] = {"variables": {"size": "1"}, **known, **self.options}
        return self.bench.work(given, {**self.made, **artifacts}, stage=do, attempt=attempt)

    async def does(self, do: str, artifacts: Mapping[str, str] = NONE, attempt: int = 1) -> Outcome:
        return await self.runner.run(self.work(do, attempt, artifacts), self.notes)

    async def fails(self, do: str, artifacts: Mapping[str, str] = NONE, attempt: int = 1) -> ActionFailed:
        with pytest.raises(ActionFailed) as failed:
            await self.does(do, artifacts, attempt)
        return failed.value

    @property
    def plan(self) -> Path:
        return next(self.root.rglob("plan"))


@pytest.fixture
def site(containers: Containers, bench: Bench, image_of: Callable[[str], str]) -> Site:
    return Site(TerraformRunner(containers, {"TF_VAR_token": SECRET}, Clouds()), bench, image_of("stand-in"))


@pytest.mark.parametrize("program", FOUND)
async def test_just_what_was_planned_is_applied(program: str, site: Site, image_of: Callable[[str], str]) -> None:
    site.image, site.options["secrets_from"] = image_of(program), ["TF_VAR_token"]
    planned = await site.does("plan")
    assert planned.details == ["infra: add terraform_data.db", "infra: add terraform_data.web"]
    assert planned.summary == "infra: 2 to add, 0 to change (0 by replacement), 0 to remove"
    assert site.plan.stat().st_mode & 0o077 == site.plan.parent.stat().st_mode & 0o077 == 0, "values stand in it"
    applied = await site.does("apply", planned.artifacts)
    assert applied.variables == {"size": "1"}, "what is sensitive is not handed on"
    again = await site.does("apply", planned.artifacts)
    assert again == applied, "whoever dies before it is a fact finds it again, and does not do it again"

    site.options["variables"] = {"size": "2"}
    del site.config["resource"]["terraform_data"]["web"]
    site.commit()
    later = await site.does("plan", attempt=2)
    assert later.details == [
        "infra: remove terraform_data.web",
        "infra: replace terraform_data.db, because of triggers_replace",
    ]
    assert (await site.fails("apply", planned.artifacts, attempt=2)).error == "changes_differ"
    await site.does("apply", later.artifacts, attempt=3)
    gone = await site.fails("apply", later.artifacts, attempt=4)
    assert (gone.error, gone.hint) == ("changes_gone", "nothing was changed: ask for the plan again")
    assert SECRET not in site.notes.text + str(planned) + str(later)


async def test_a_preview_keeps_nothing_that_could_be_applied(site: Site) -> None:
    looked = await site.does("preview")
    assert (looked.artifacts, len(looked.details)) == ({}, 2)
    assert (await site.fails("apply")).error == "not_planned"


async def test_a_plan_that_is_gone_is_not_made_again(site: Site) -> None:
    approved = {CHANGES: "x sha256:1"}
    assert (await site.fails("apply", approved)).error == "changes_gone"


async def test_a_configuration_that_is_wrong_says_where(site: Site) -> None:
    site.options["variables"] = {}
    failure = await site.fails("plan")
    assert failure.error == "plan_failed"
    assert failure.reason == "Terraform cannot plan: No value for required variable"


async def test_a_resource_that_fails_is_named(site: Site) -> None:
    site.config["resource"]["terraform_data"]["db"]["provisioner"] = [{"local-exec": {"command": "false"}}]
    site.commit()
    planned = await site.does("plan")
    failure = await site.fails("apply", planned.artifacts)
    assert failure.error == "apply_failed"
    assert "terraform_data.db: local-exec provisioner error" in failure.reason


async def begun(site: Site, command: str) -> dict[str, str]:
    """Let an apply begin that is at this command when its process is told to shut down; gives what was planned."""
    site.config["resource"]["terraform_data"]["db"]["provisioner"] = [{"local-exec": {"command": command}}]
    site.commit()
    planned = await site.does("plan")
    work = asyncio.ensure_future(site.does("apply", planned.artifacts))
    while not any("42 is here" in line for line in site.notes.lines):  # noqa: ASYNC110 - the program tells only its log
        await asyncio.sleep(0.05)
    site.bench.abandoned = True
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    site.bench.abandoned = False
    assert not any("nterrupt" in line for line in site.notes.lines)
    return {**planned.artifacts}


@pytest.mark.parametrize("program", FOUND[-1:])
async def test_a_cancelled_apply_is_interrupted_and_waited_for(
    program: str, site: Site, image_of: Callable[[str], str], containers: Containers
) -> None:
    site.image = image_of(program)
    planned = await begun(site, "echo $((6 * 7)) is here; exec sleep 60")
    assert len(await running(containers, site)) == 1, "a shutdown leaves it to the next process"

    work = asyncio.ensure_future(site.does("apply", planned))
    await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert await running(containers, site) == []


SLOW = "trap 'sleep 3; exit 1' TERM; echo $((6 * 7)) is here; sleep 60 & wait"
"""Takes its time to end, as a resource does that is being made."""


async def test_an_apply_that_nobody_awaits_is_interrupted_once(site: Site, containers: Containers) -> None:
    planned = await begun(site, SLOW)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1.5):  # as after a restart: who stops it has little time
            await site.runner.stop(site.work("apply", 1, planned))
    await site.runner.stop(site.work("apply", 1, planned))
    assert await running(containers, site) == []
    assert not list(site.root.glob("*.lock.info")), "the state is not locked any more"


async def test_an_apply_whose_run_is_over_is_not_killed(site: Site, containers: Containers, tmp_path: Path) -> None:
    await begun(site, SLOW)
    cleaner = EngineLeftovers(containers, Proxy(containers, tmp_path / "proxy"))
    [left] = [each for each in await cleaner.leftovers() if each.run == site.bench.run]
    assert not await cleaner.remove(left), "it is told to end, and ends by itself"
    while not await cleaner.remove(left):  # noqa: ASYNC110 - the engine says nothing when it ends
        await asyncio.sleep(0.2)
    assert await running(containers, site) == []
    assert not list(site.root.glob("*.lock.info"))


async def running(containers: Containers, site: Site) -> list[Any]:
    filters = containers.filters(run=site.bench.run)
    return await containers.ask(lambda engine: list(engine.containers(filters=filters)))


async def test_what_the_catalog_names_and_nobody_set_is_named(site: Site) -> None:
    site.options["secrets_from"] = ["NOBODY_SET_THIS"]
    failure = await site.fails("plan")
    assert (failure.error, "NOBODY_SET_THIS" in failure.reason) == ("no_secret", True)


async def test_the_keys_of_an_account_are_secret_and_its_region_is_not(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SURROUNDINGS.items():
        monkeypatch.setenv(name, value)
    site.config["resource"]["terraform_data"]["db"]["provisioner"] = [
        {"local-exec": {"command": "echo in $AWS_REGION with $AWS_SECRET_ACCESS_KEY"}}
    ]
    site.commit()
    with serving(Server()) as server:
        Identities(server)
        place = Aws(account=ACCOUNT, region=REGION, endpoints=server.endpoints)
        site.bench.environment = Environment(name="production", aws=place)
        await site.does("apply", (await site.does("plan")).artifacts)
    assert f"in {REGION} with ***" in site.notes.lines


async def test_the_directory_has_to_be_in_the_source(site: Site) -> None:
    (site.root / "elsewhere").mkdir()
    (site.root / "source" / "link").symlink_to(site.root / "elsewhere")
    for name in ("nowhere", "link"):
        site.options["directory"] = name
        assert (await site.fails("plan")).error == "no_source"
