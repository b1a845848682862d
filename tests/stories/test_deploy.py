"""The main job: somebody asks for a deploy, and it is built, tested, pushed, running, and told."""

import re

from tests.stories.person import Person
from tests.stories.reading import buttons, tasks, words
from tests.stories.sources import page
from tests.stories.world import World


async def test_a_deploy_is_one_card_and_a_fresh_message_at_its_end(world: World, ana: Person) -> None:
    run = await ana.deploys("deploy hello to homolog", "#general")
    end = await ana.reads(f"{run}/ended")
    card = await ana.reads(f"{run}/card")
    assert set(tasks(card).values()) == {"complete"}
    assert list(tasks(card)) == [
        "Fetched hello",
        "Built image",
        "Tested unit",
        "Tested smoke",
        "Pushed hello",
        "Deployed hello",
    ]
    assert not buttons(card)
    in_channel = [message for message in ana.about(run) if message.get("thread_ts", message["ts"]) == message["ts"]]
    assert [message["ts"] for message in in_channel] == [card["ts"]], "a run is one line in the channel"
    assert end["thread_ts"] == card["ts"]
    for stage in ("source", "build", "test", "push", "deploy-homolog"):
        detail = await ana.reads(f"{run}/stage/{stage}", f"*{stage}* done in", 60)
        assert detail["thread_ts"] == card["ts"]
    assert re.search(r"Deployed hello to homolog in \d+", words(end))
    assert "<@UANADEV01>" in words(end)
    assert world.addresses["hello.homolog"] in words(end)
    assert re.search(r"sha256:[0-9a-f]{12}", words(end))
    commit = re.search(r"commit <code>([0-9a-f]{7})</code> in homolog", await world.answers("hello.homolog"))
    assert commit
    assert f"`{commit[1]}" in words(end)


async def test_a_tag_a_branch_and_a_commit_can_be_deployed(world: World, ana: Person) -> None:
    source = world.service("tern", says="main")
    source.commit("Release", {"service.py": page("tagged")}, branch="releases", tag="v1.0.0")
    source.commit("Try", {"service.py": page("branched")}, branch="feature/login")
    for ref, said in (("v1.0.0", "tagged"), ("feature/login", "branched"), (source.first[:10], "main")):
        run = await ana.deploys(f"deploy tern@{ref} to homolog")
        assert (await world.answers("tern.homolog")).strip() == said
        assert "Built image" in tasks(await ana.reads(f"{run}/card"))
