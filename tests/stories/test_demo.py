"""The demo, as whoever tries Estiva starts it and starts it again."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest_asyncio

from tests.registry import free_port
from tests.stories.conftest import Make
from tests.stories.world import World, clear

Demo = Callable[..., Awaitable[tuple[int, str]]]


@pytest_asyncio.fixture
async def data(make_world: Make, tmp_path: Path) -> AsyncIterator[tuple[Path, Demo]]:
    """A folder for the demo's data, and `estiva demo` with it; nothing of it goes on afterwards."""
    folder, ports = (
        tmp_path / "data",
        {name: str(free_port()) for name in ("ESTIVA_HTTP_PORT", "ESTIVA_WORKSPACE_PORT")},
    )
    with make_world(started=False) as world:
        elsewhere = {name: None for name in world.bot.environment if name.startswith("ESTIVA_SLACK_")}

        async def demo(*words: str) -> tuple[int, str]:
            _set_up(folder, world)
            surroundings = {**elsewhere, **ports, "ESTIVA_NAMESPACE": None, "ESTIVA_DATA": str(folder)}
            return await world.bot.estiva("demo", *words, **surroundings)

        yield folder, demo
        await demo("--stop")
        clear((folder / "namespace").read_text().strip())


def _set_up(data: Path, world: World) -> None:
    """Put there what `make demo` puts there."""
    data.mkdir(exist_ok=True)
    shutil.copy(world.catalog, data / "catalog.yml")
    names = ("ESTIVA_REGISTRY_USERNAME", "ESTIVA_REGISTRY_PASSWORD")
    (data / "registry.env").write_text("".join(f"{name}={world.bot.environment[name]}\n" for name in names))


async def test_a_demo_whose_folder_was_removed_begins_anew(data: tuple[Path, Demo]) -> None:
    folder, demo = data
    assert (await demo())[0] == 0
    assert (await demo("--stop"))[0] == 0
    shutil.rmtree(folder)
    code, printed = await demo()
    assert code == 0, printed
    assert "hello-1: Deployed hello to homolog" in printed
