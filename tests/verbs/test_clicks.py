"""Clicks that arrive in one moment: one of them decides, and each of them gets an answer."""

import asyncio

from storage.model.approval import Approval, Decision
from storage.model.event import Kind
from storage.model.reply import Verdict
from tests.stories.person import Person
from tests.stories.reading import words
from tests.verbs.office import ANA, RUI, Office
from tests.verbs.test_noise import asked_for


async def test_of_clicks_in_one_moment_one_counts_and_all_are_answered(place: Office, ana: Person, rui: Person) -> None:
    place.change_catalog("name: Ana, roles: [developer]", "name: Ana, roles: [developer, release-manager]")
    run, approval = await asked_for(place, "UBIADEV02")
    key = f"{run.id}/approval/approve-production"
    cards = {person: await person.reads(key) for person in (ana, rui)}
    await asyncio.gather(*(person.clicks(card, "Approve") for person, card in cards.items() for _ in range(3)))
    after = await place.until(lambda: _settled(place, approval.id))
    assert after is not None
    assert (after.decision, len(after.given_by)) == (Decision.APPROVED, 1)
    told = [*await _three_answers(ana), *await _three_answers(rui)]
    late = [text for text in told if "is already approved (by" in text or "já está aprovada (por" in text]
    assert len(late) == 5, told
    kinds = [event.kind for event in await place.store.journal.of_run(run.id)]
    assert (kinds.count(Kind.APPROVAL_GIVEN), kinds.count(Kind.APPROVED)) == (1, 1)


async def _three_answers(person: Person) -> list[str]:
    """What only this person was told, once there are three."""

    def told() -> list[str] | None:
        found = [words(message) for message in person.seen.values() if message.get("is_ephemeral")]
        return found if len(found) == 3 else None

    return await person.until(told)


async def _settled(place: Office, approval: str) -> Approval | None:
    found = await place.store.approvals.get(approval)
    return found if found is not None and found.decision is not Decision.PENDING else None


async def test_an_approval_may_be_named_by_where_it_is_for(place: Office) -> None:
    run, _ = await asked_for(place, ANA)
    nothing = await place.desk.handle(place.request("approve hello in homolog", RUI))
    assert (nothing.verdict, nothing.text) == (Verdict.REFUSED, "Nothing of `hello` waits for approval.")
    asked = await place.desk.handle(place.request(f"<@{ANA}> can you approve {run.id}?", RUI))
    assert asked.verdict is Verdict.ASK
    given = await place.desk.handle(place.request("aprova o deploy do hello em produção", RUI))
    assert (given.verdict, given.run) == (Verdict.DONE, run.id)
