"""More containers for a service, by word: they stay with every release that follows."""

from tests.stories.reading import words
from tests.stories.world import World, together


async def test_a_service_is_scaled_and_stays_so(world: World) -> None:
    async with together(world, "dev", "release") as (ana, rui):
        await ana.deploys("deploy greeter to homolog")
        run = await ana.deploys("scale greeter in homolog to 3")
        assert "Scaled greeter in homolog to 3" in words(await ana.reads(f"{run}/ended"))
        assert len(await world.running(role="app", service="greeter", environment="homolog")) == 3
        assert (await world.answers("greeter.homolog")).strip() == "Olá do greeter!"
        await rui.deploys("reiniciar greeter em homolog")
        assert len(await world.running(role="app", service="greeter", environment="homolog")) == 3
        assert "Réplicas" in (await rui.asks("status greeter em homolog")).text
        await rui.deploys("escalar greeter em homolog para 1")
        assert len(await world.running(role="app", service="greeter", environment="homolog")) == 1
        assert (await world.answers("greeter.homolog")).strip() == "Olá do greeter!"
