"""Infrastructure from chat: what would change is read in the thread, approved, and just that is done."""

import json
from collections.abc import Iterator

import pytest

from tests.aws.estate import template
from tests.doubles.aws.identities import Identities
from tests.doubles.aws.server import ACCOUNT, REGION, SURROUNDINGS, Server, serving
from tests.doubles.aws.stacks import Stacks
from tests.stories.conftest import Make
from tests.stories.reading import words
from tests.stories.world import World, together

ROLE = f"arn:aws:iam::{ACCOUNT}:role/estiva-production"


@pytest.fixture
def stacks() -> Iterator[Stacks]:
    server = Server(speed=40)
    identities, stacks = Identities(server), Stacks(server)
    identities.trusted[ROLE] = None
    with serving(server):
        yield stacks


def in_the_cloud(world: World, server: Server) -> None:
    """Give both environments an account."""
    place = json.dumps({"account": ACCOUNT, "region": REGION, "role": ROLE, "endpoints": server.endpoints})
    text = world.catalog.read_text().replace("target: docker", f"target: docker\n    aws: {place}")
    may = "  - {who: [UANADEV01, UBIADEV02], may: [infra-plan, infra-apply, resume], in: [homolog, production]}\n"
    world.write_catalog(text.replace("\npolicy:\n", f"\npolicy:\n{may}", 1))


async def test_infrastructure_is_changed_as_it_was_shown(make_world: Make, stacks: Stacks) -> None:
    with make_world(**SURROUNDINGS) as world:
        in_the_cloud(world, stacks.server)
        stack = {
            name: {"stack": f"pelican-{name}", "template": "infra/service.json"} for name in ("homolog", "production")
        }
        infra = {name: {"uses": "cloudformation", "with": {"stacks": [each]}} for name, each in stack.items()}
        world.service("pelican", {"infra/service.json": template()}, infra=infra)
        async with together(world, "dev", "release") as (ana, rui):
            looked = await ana.deploys("infra plan production")
            shown = words(await ana.reads(f"{looked}/stage/plan"))
            assert "add AWS::ECR::Repository Repository" in shown
            assert stacks.known == {}

            run = await ana.starts("infra apply pelican in production")
            question = await rui.reads(f"{run}/approval/approve-production", "Open until")
            assert "asks to change the infrastructure of *pelican* in *production*" in words(question)
            assert "pelican-production: add AWS::ECS::TaskDefinition Task" in words(question)
            assert stacks.executed == []
            await rui.clicks(question, "Approve")
            assert await ana.run_ends(run) == "succeeded"
            assert stacks.status("pelican-production") == "CREATE_COMPLETE"

            await ana.deploys("infra planejar em production")
            again = await ana.deploys("infra aplicar em production")
            assert "Nothing to change in the infrastructure of pelican in production" in words(
                await ana.reads(f"{again}/card", "Nothing to change")
            )
