"""A place is locked or frozen: everything that changes what runs is refused there, and can be forced, with a reason."""

import pytest

from storage.model.run import Status, Trigger
from tests.stories.person import Person
from tests.verbs.office import Office

ENGLISH = (
    ("rollback hello in homolog", Trigger.ROLLBACK),
    ("redeploy hello in homolog", Trigger.REDEPLOY),
    ("restart hello in homolog", Trigger.RESTART),
    ("scale hello in homolog to 3", Trigger.SCALE),
    ("retry hello-3", Trigger.RETRY),
    ("rerun hello-3 from deploy-homolog", Trigger.RERUN),
)
PORTUGUESE = (
    ("reverter hello em homolog", Trigger.ROLLBACK),
    ("reimplantar hello em homolog", Trigger.REDEPLOY),
    ("reiniciar hello em homolog", Trigger.RESTART),
    ("escalar hello em homolog para 3", Trigger.SCALE),
    ("repetir hello-3", Trigger.RETRY),
    ("reexecutar hello-3 desde deploy-homolog", Trigger.RERUN),
)


def with_mark(text: str, because: str) -> str:
    verb, _, rest = text.partition(" ")
    return f"{verb}! {rest} {because}"


async def history(place: Office) -> None:
    """Two releases, and a run that did not succeed."""
    for digest in "12":
        await place.released(digest="sha256:" + digest * 64)
    bad = await place.opened()
    await place.store.runs.finish(bad.id, Status.FAILED)
    assert bad.id == "hello-3"


async def forced(place: Office, person: Person, text: str, because: str, trigger: Trigger) -> None:
    """It is refused, needs a reason, and is then done; the run remembers why."""
    before = await place.runs()
    refused = await person.asks(text)
    assert refused.verdict == "refused", refused.text
    assert f"{text.split(maxsplit=1)[0]}! ..." in refused.text
    assert (await person.asks(with_mark(text, ""))).verdict == "ask"
    assert await place.runs() == before
    plan = (await place.store.runs.get(await person.starts(with_mark(text, because)))).plan
    assert (plan.trigger, plan.force) == (trigger, because.partition(" ")[2])
    await place.store.runs.finish((await place.runs())[0], Status.CANCELLED)


@pytest.mark.parametrize("hold", ["freeze homolog", "lock homolog"])
async def test_what_a_freeze_keeps_out_is_forced_with_a_reason(
    place: Office, ana: Person, rui: Person, hold: str
) -> None:
    place.change_catalog("may: [withdraw, lock", "may: [force, withdraw, lock")
    await history(place)
    assert (await rui.asks(hold)).verdict == "done"
    if hold.startswith("freeze"):
        for text, trigger in PORTUGUESE:
            await forced(place, rui, text, "porque o site caiu", trigger)
    refused = await ana.asks("restart! hello in homolog because I say so")
    assert refused.verdict == "refused"
    assert "You may not go past locks and freezes (the right `force hello in homolog`). Ask Rui." in refused.text


async def test_it_is_the_same_in_english_and_for_promote(place: Office, ana: Person, rui: Person) -> None:
    place.change_catalog(
        "may: [lock, unlock]\n    in: [homolog]", "may: [lock, unlock, force]\n    in: [homolog, production]"
    )
    await history(place)
    await rui.asks("freeze all")
    for text, trigger in (*ENGLISH, ("promote hello to production", Trigger.PROMOTE)):
        await forced(place, ana, text, "because checkout is down", trigger)
