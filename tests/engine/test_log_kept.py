"""Once an action's end is a fact, its log is on disk: who takes the run over would not write it again."""

from collections.abc import Mapping
from pathlib import Path

from runners.contract import Outcome, Sink, Work
from storage import chunks
from storage.model.catalog import Json, Stage
from storage.model.event import Kind
from tests.engine.world import World, action, plan


class Quick:
    """A runner that says one thing and is done: sooner than logs are written on their own."""

    kind = "quick"
    errors: Mapping[str, str] = {}
    exports = ()

    def problems(self, options: Mapping[str, Json]) -> list[str]:
        return []

    async def run(self, work: Work, sink: Sink) -> Outcome:
        sink.line("done already")
        return Outcome()


async def test_the_log_of_an_action_is_on_disk_before_its_end_is_a_fact(tmp_path: Path) -> None:
    world = await World(f"sqlite:///{tmp_path / 'estiva.db'}", tmp_path, more={"quick": Quick()}).open()
    try:
        await world.start()
        run = await world.ask(plan(Stage(name="build", actions=(action("image", uses="quick"),))))
        while Kind.ACTION_SUCCEEDED.value not in await world.kinds(run):
            pass
        assert chunks.read(world.data / "logs" / run.id / "build" / "image" / "1.log", 0) == ["done already"]
        await world.ended(run)
    finally:
        await world.close()
