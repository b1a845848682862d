"""To production by the word of somebody else: exactly what homolog runs, and a record of who decided."""

from tests.stories.person import Person
from tests.stories.reading import buttons, words
from tests.stories.sources import Source, page
from tests.stories.world import World


async def _asked(world: World, ana: Person, name: str) -> tuple[Source, str]:
    """A service that runs in homolog, and a release to production that waits for approval."""
    source = world.service(name)
    await ana.deploys(f"deploy {name} to homolog")
    run = await ana.starts(f"deploy {name} to production")
    await ana.reads(f"{run}/approval/approve-production", "Open until")
    return source, run


async def test_somebody_else_approves_and_production_gets_the_digest_of_homolog(
    world: World, ana: Person, rui: Person
) -> None:
    source, first = await _asked(world, ana, "heron")
    await rui.clicks(await rui.reads(f"{first}/approval/approve-production"), "Approve")
    assert await ana.run_ends(first) == "succeeded"
    source.commit("Greet warmly", {"service.py": page("warmly")})
    await ana.deploys("deploy heron to homolog")
    run = await ana.starts("deploy heron to production")
    card = await rui.reads(f"{run}/approval/approve-production", "Greet warmly")
    shown = words(card)
    for part in ("<@URUIREL01>", "Ana", "*heron*", "*production*", "Bia Ramos", "sha256:", "Open until"):
        assert part in shown
    assert "What it would change:" in shown
    assert f"Now running there: `{source.first[:7]}`" in shown
    assert list(buttons(card)) == ["Approve", "Reject"]
    assert buttons(card)["Approve"][1]["confirm"]
    assert (await world.answers("heron.production")).strip() == "I am heron"
    await rui.clicks(card, "Approve")
    assert await ana.run_ends(run) == "succeeded"
    decided = await ana.reads(f"{run}/approval/approve-production", "Approved by Rui, <!date")
    assert not buttons(decided)
    assert (await world.answers("heron.production")).strip() == "warmly"
    released = {row["data"]["environment"]: row["data"]["digest"] for row in await world.facts() if _of(row, "heron")}
    assert released["production"] == released["homolog"]


async def test_who_approves_is_told_that_the_release_goes_back(world: World, ana: Person, rui: Person) -> None:
    source, first = await _asked(world, ana, "lapwing")
    await rui.clicks(await rui.reads(f"{first}/approval/approve-production"), "Approve")
    assert await ana.run_ends(first) == "succeeded"
    older = source.first
    source.commit("Greet warmly", {"service.py": page("warmly")})
    await ana.deploys("deploy lapwing to homolog")
    forward = await ana.starts("deploy lapwing to production")
    card = await rui.reads(f"{forward}/approval/approve-production", "Greet warmly")
    assert "older" not in words(card)
    assert "older" not in str(buttons(card)["Approve"][1]["confirm"])
    await rui.clicks(card, "Approve")
    assert await ana.run_ends(forward) == "succeeded"
    await ana.deploys(f"deploy lapwing@{older} to homolog")
    planned = (await ana.asks("plan lapwing to production")).text
    assert "It would go back: commit" in planned
    assert "1 commit would be undone:" in planned
    back = await ana.starts("deploy lapwing to production")
    card = await rui.reads(f"{back}/approval/approve-production", "Open until")
    assert ":warning: *This goes back:* it is older than what runs there now" in words(card)
    undone = words(card).split("What it would undo:")[1]
    assert "Greet warmly (Bia Ramos)" in undone
    assert "What it would change:" not in words(card)
    assert "older than what runs there now" in str(buttons(card)["Approve"][1]["confirm"])
    await rui.clicks(card, "Approve")
    assert await ana.run_ends(back) == "succeeded"
    assert (await world.answers("lapwing.production")).strip() == "I am lapwing"
    decided = words(await ana.reads(f"{back}/approval/approve-production", "Approved by Rui, <!date"))
    assert "This goes back" in decided


def _of(row: dict[str, object], service: str) -> bool:
    return row["kind"] == "released" and str(row["run"]).startswith(f"{service}-")


async def test_the_requester_and_an_outsider_may_not_approve_and_it_is_on_record(
    world: World, rui: Person, ana: Person, eva: Person
) -> None:
    world.service("ibis")
    await rui.deploys("deploy ibis to homolog")
    answer = await rui.asks("deploy ibis to production")
    assert "Mais ninguém pode aprovar isto, por isso não será aprovado: cancele" in answer.text
    run = answer.run
    card = await rui.reads(f"{run}/approval/approve-production")
    nobody = "Nobody else may approve this, so it will not be approved: cancel it and let somebody else ask for it"
    assert nobody in words(card)
    assert nobody in words(await rui.reads(f"{run}/card", "Waiting for approval"))
    assert "<@URUIREL01>" not in words(card).split(":")[0]
    for person, told in (
        (rui, "Você pediu este release, então outra pessoa precisa aprová-lo."),
        (ana, "You may not decide on releases to production."),
        (eva, "You may not decide on releases to production."),
    ):
        await person.clicks(card, "Approve")
        await person.sees(told)
    denied = [row["actor"] for row in await world.facts(run) if row["kind"] == "approval_denied"]
    assert denied == ["URUIREL01", "UANADEV01", "UEVAOUT01"]
    assert "Approve" in buttons(await rui.reads(f"{run}/approval/approve-production"))
    await rui.asks(f"cancel {run}")
    assert await rui.run_ends(run) == "cancelled"
    ended = await rui.reads(f"{run}/approval/approve-production", "The run ended before anybody decided")
    assert nobody not in words(ended) + words(await rui.reads(f"{run}/card"))
    assert not buttons(ended)


async def test_a_rejection_gives_its_reason_in_a_modal_and_everybody_reads_it(
    world: World, ana: Person, rui: Person
) -> None:
    _, run = await _asked(world, ana, "jackdaw")
    await rui.clicks(await rui.reads(f"{run}/approval/approve-production"), "Reject")
    modal = await rui.modal()
    blocks = {"reason": {"value": "The tests are <flaky> & slow"}}
    done = await rui.client.act("submit", view_id=modal["id"], values=blocks)
    assert done["ok"], done
    assert await ana.run_ends(run) == "cancelled"
    card = await ana.reads(f"{run}/approval/approve-production", "Rejected by Rui")
    assert "The tests are &lt;flaky&gt; &amp; slow" in words(card)
    assert not buttons(card)
    assert "Rejected by Rui" in words(await ana.reads(f"{run}/ended"))


async def test_nothing_goes_to_production_that_homolog_never_ran(world: World, ana: Person) -> None:
    world.service("kestrel")
    answer = await ana.asks("deploy kestrel to production")
    assert answer.verdict == "refused"
    assert "production releases only what was tested there" in answer.text
    await ana.clicks(answer.message, "Deploy to homolog")
    assert await ana.run_ends("kestrel-1") == "succeeded"


async def test_a_rollback_brings_the_release_before_back(world: World, ana: Person) -> None:
    source = world.service("lark", says="old")
    first = await ana.asks("rollback lark in homolog")
    assert first.verdict == "refused"
    assert "no earlier release" in first.text
    await ana.deploys("deploy lark to homolog")
    source.commit("New words", {"service.py": page("new")})
    await ana.deploys("deploy lark to homolog")
    assert (await world.answers("lark.homolog")).strip() == "new"
    run = await ana.deploys("rollback lark in homolog")
    assert (await world.answers("lark.homolog")).strip() == "old"
    assert "Rolled back lark in homolog" in words(await ana.reads(f"{run}/ended"))
    kinds = [row["data"].get("stage") for row in await world.facts(run) if row["kind"] == "stage_started"]
    assert kinds == ["deploy-homolog"]
