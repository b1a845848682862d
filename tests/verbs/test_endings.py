"""How runs that people stopped are told of afterwards: by name, once, with the time that it took."""

import asyncio
import re

from storage.model.run import Run, Status
from storage.model.worded import joined, worded
from tests.stories.person import Person
from tests.stories.reading import buttons, choices, words
from tests.verbs.office import ANA, RUI, Office
from tests.verbs.test_noise import asked_for


async def rejected_run(place: Office) -> Run:
    """One that Rui rejected, as the engine words it."""
    run, approval = await asked_for(place)
    assert (await place.store.approvals.reject(approval.id, RUI, "not on a Friday")).ok
    why = worded("rejected by {name}: {reason}", name=RUI, reason="not on a Friday")
    assert await place.store.runs.finish(run.id, Status.CANCELLED, why)
    return run


async def cancelled_run(place: Office) -> Run:
    """One that Ana cancelled, and that leaves something behind."""
    run = await place.opened()
    assert await place.store.runs.request_cancel(run.id, ANA)
    left = worded("the approval was cancelled")
    assert await place.store.runs.finish(
        run.id, Status.CANCELLED, joined([worded("cancelled by {name}", name=ANA), left])
    )
    return run


async def test_logs_name_who_rejected_a_run_and_say_so_once(place: Office, ana: Person, rui: Person) -> None:
    run = await rejected_run(place)
    assert "asked by Ana: rejected by Rui. not on a Friday" in (await ana.asks(f"logs {run.id}")).text
    told = (await rui.asks(f"logs {run.id}")).text
    assert "rejeitada por Rui. not on a Friday" in told
    assert RUI not in told


async def test_logs_name_who_cancelled_a_run_and_keep_the_rest_of_the_reason(
    place: Office, ana: Person, rui: Person
) -> None:
    run = await cancelled_run(place)
    assert "asked by Ana: cancelled by Ana. the approval was cancelled" in (await ana.asks(f"logs {run.id}")).text
    told = (await rui.asks(f"logs {run.id}")).text
    assert "cancelada por Ana. " in told
    assert ANA not in told


async def test_history_and_the_app_home_say_who_stopped_a_run_and_after_how_long(
    place: Office, ana: Person, rui: Person
) -> None:
    run, approval = await asked_for(place)
    await asyncio.sleep(1.2)  # nothing but waiting, which is no work
    assert (await place.store.approvals.reject(approval.id, RUI)).ok
    assert await place.store.runs.finish(run.id, Status.CANCELLED, worded("rejected by {name}", name=RUI))
    stopped = await cancelled_run(place)
    assert re.search(r"rejected by Rui \([1-9]\d* s\)", (await ana.asks("history hello")).text)
    assert "cancelada por Ana (" in (await rui.asks("histórico hello")).text
    assert (await ana.client.act("home"))["ok"]
    mine = words(await ana.until(lambda: ana.home or None))
    assert f"*{run.id}* to production: rejected by <@{RUI}>, " in mine
    assert f"*{stopped.id}* to homolog: cancelled by <@{ANA}>, " in mine


async def test_a_run_that_began_nothing_offers_no_log(place: Office, ana: Person) -> None:
    run = await cancelled_run(place)
    card = await ana.reads(f"{run.id}/card", "Cancelled by Ana")
    assert "Full Log" not in [*buttons(card), *choices(card)]
    assert "Rerun from a stage…" in choices(card)
