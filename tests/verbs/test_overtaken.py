"""A run that was overtaken is done again only when whoever asks has seen what that would replace."""

import asyncio

from storage.model import artifact
from storage.model.reply import Verdict
from storage.model.run import Run, Status, Trigger
from tests.stories.person import Person
from tests.stories.reading import Json, buttons, words
from tests.verbs.office import ANA, DEPLOYS, Office
from tests.verbs.test_steering import failed_at

NEWER, NEWEST = "b" * 40, "d" * 40


async def asked_about(person: Person, text: str) -> Json:
    """It is not done, but asked about, and only the asker sees that."""
    answer = await person.asks(text)
    assert answer.verdict == "ask", answer.text
    assert answer.message["is_ephemeral"]
    return answer.message


async def again(place: Office, old: Run) -> list[Run]:
    return [run for run in await place.store.runs.recent() if run.plan.origin == old.id]


async def test_an_old_run_says_what_it_would_replace_and_with_what(place: Office, ana: Person) -> None:
    old = await failed_at(place, "test", "unit")
    newer = await place.released(commit=NEWER)
    question = await asked_about(ana, f"retry {old.id}")
    told = words(question)
    assert f"Something newer than `{old.id}` is there already." in told
    assert f"replace that with `{old.plan.artifacts[artifact.COMMIT][:7]}` Say hello" in told
    for cell in ("homolog", newer.run, f"{NEWER[:7]} Say hello", "Ana"):
        assert cell in told
    assert list(buttons(question)) == ["Replace It", "Leave It"]
    assert await again(place, old) == []


async def test_the_answer_does_what_was_asked_and_counts_once(place: Office, ana: Person) -> None:
    old = await failed_at(place, "test", "unit")
    await place.released(commit=NEWER)
    question = await asked_about(ana, f"retry {old.id} failed stage test because of the leak")
    await asyncio.gather(*(ana.clicks(question, "Replace It") for _ in range(3)))
    await ana.sees(f"is doing `{old.id}` again already")
    (new,) = await again(place, old)
    assert (new.id, new.plan.trigger) == ("hello-3", Trigger.RETRY)
    assert [action.name for stage in new.plan.stages for action in stage.actions if stage.name == "test"] == ["unit"]


async def test_a_question_that_is_not_wanted_goes_and_nothing_is_begun(place: Office, ana: Person) -> None:
    old = await failed_at(place, "test", "unit")
    await place.released(commit=NEWER)
    question = await asked_about(ana, f"retry {old.id}")
    await ana.clicks(question, "Leave It")
    await place.until(lambda: _gone(place, question["ts"]))
    assert await again(place, old) == []


async def _gone(place: Office, ts: str) -> bool:
    return ts not in place.local.workspace.channels[DEPLOYS].ephemerals[ANA]


async def test_what_has_changed_since_the_question_is_asked_about_anew(place: Office, ana: Person) -> None:
    old = await failed_at(place, "test", "unit")
    await place.released(commit=NEWER)
    question = await asked_about(ana, f"retry {old.id}")
    newest = await place.released(commit=NEWEST)
    await ana.clicks(question, "Replace It")
    await ana.sees(f"{NEWEST[:7]} Say hello")
    assert await again(place, old) == []
    assert (await ana.asks(f"retry {old.id} over {newest.run}")).verdict == "started"


async def test_what_is_on_its_way_counts_as_well(place: Office, rui: Person) -> None:
    old = await failed_at(place, "test", "unit")
    newer = await place.opened(place.plan(commit=NEWER))
    told = words(await asked_about(rui, f"repetir {old.id}"))
    assert f"Já está lá algo mais novo que `{old.id}`" in told
    assert "a caminho" in told
    await place.store.runs.finish(newer.id, Status.FAILED)  # it never got there
    assert (await rui.asks(f"repetir {old.id}")).verdict == "started"


async def test_nothing_is_asked_where_nothing_newer_would_go(place: Office, ana: Person) -> None:
    old = await failed_at(place, "test", "unit")
    await place.released(commit=old.plan.artifacts[artifact.COMMIT])  # the same
    await place.released("production", NEWER)  # elsewhere: this run does not get there
    assert (await ana.asks(f"retry {old.id}")).verdict == "started"


async def test_the_stage_from_which_it_is_done_again_decides_what_is_looked_at(place: Office, rui: Person) -> None:
    plan = place.plan("production")
    both = await place.opened(plan)
    await place.store.runs.finish(both.id, Status.BROKEN)
    await place.released(commit=NEWER)  # in homolog, which that run leaves as it is
    assert (await rui.asks(f"rerun {both.id} from deploy-production")).verdict == "started"
    (first,) = await again(place, both)
    await place.store.runs.finish(first.id, Status.CANCELLED)
    await place.released("production", NEWEST)
    question = await asked_about(rui, f"reexecutar {both.id} desde deploy-production")
    await rui.clicks(question, "Substituir")
    await rui.sees("execução `hello-5`")
    assert len(await again(place, both)) == 2


async def test_one_that_is_done_again_is_as_old_as_what_it_repeats(place: Office, ana: Person) -> None:
    old = await failed_at(place, "test", "unit")
    newer = await place.released(commit=NEWER)
    second = await ana.starts(f"retry {old.id} over {newer.run}")
    await place.store.runs.finish(second, Status.FAILED)
    await asked_about(ana, f"retry {second}")


async def test_what_was_begun_before_a_crash_is_not_asked_about(place: Office) -> None:
    old = await failed_at(place, "test", "unit")
    request = place.request(f"retry {old.id}")
    await place.store.requests.accept(request)
    first = await place.desk.handle(request)
    await place.released(commit=NEWER)
    handled_again = await place.desk.handle(request)  # whoever handled it first died before the answer
    assert (handled_again.verdict, handled_again.run) == (Verdict.STARTED, first.run)
    assert [run.id for run in await again(place, old)] == [first.run]
