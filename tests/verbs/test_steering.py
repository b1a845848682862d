"""People steer a run: pause, resume, retry what failed, do it again from a stage; by word and by button."""

from dataclasses import replace
from typing import Any

import pytest

from storage.model import artifact
from storage.model.catalog import Action, Json, Stage
from storage.model.event import Fact, Kind
from storage.model.gate import GateKind
from storage.model.run import Run, Status, Trigger
from storage.model.soundness import APPLY, DO
from tests.stories.person import Person
from tests.stories.reading import buttons, choices, words
from tests.verbs.office import ANA, DEPLOYS, Office

MADE: dict[str, dict[str, str]] = {
    "source": {artifact.SOURCE: "/gone", artifact.COMMIT: "c" * 40},
    "build": {artifact.IMAGE: "127.0.0.1:1/hello:ccccccc", artifact.IMAGE_ID: "sha256:" + "e" * 64},
    "test": {},
    "push": {artifact.DIGEST: "sha256:" + "d" * 64},
}


async def failed_at(place: Office, stage: str, *names: str) -> Run:
    """A run that came as far as a stage, in which the actions with these names failed."""
    run = await place.opened()
    for each in run.plan.stages:
        for action in each.actions:
            bad = each.name == stage and action.name in names
            data: dict[str, Json] = {"stage": each.name, "action": action.name, "attempt": 1}
            kind = Kind.ACTION_FAILED if bad else Kind.ACTION_SUCCEEDED
            more: dict[str, Json] = (
                {"reason": "no", "final": True} if bad else {"artifacts": dict(MADE.get(each.name, {}))}
            )
            await place.store.journal.append(Fact(kind=kind, actor="estiva", run=run.id, data={**data, **more}))
        if each.name == stage:
            break
    await place.store.runs.finish(run.id, Status.FAILED if names else Status.SUCCEEDED)
    return run


def steps(run: Run) -> list[str]:
    return [f"{stage.name}/{action.name}" for stage in run.plan.stages for action in stage.actions]


async def test_a_run_is_paused_and_resumed_by_its_buttons(place: Office, ana: Person) -> None:
    run = await place.opened()
    await ana.clicks(await ana.reads(f"{run.id}/card"), "Pause")
    card = await ana.reads(f"{run.id}/card", "Paused by Ana")
    assert list(buttons(card)) == ["Resume", "Cancel"]
    assert "Run `hello-1` is paused already." in (await ana.asks(f"pause {run.id}")).text
    await ana.clicks(card, "Resume")
    card = await ana.until(lambda: _with_button(ana, run, "Pause"))
    assert list(buttons(card)) == ["Pause", "Cancel"]
    assert [gate.settled_by for gate in await place.store.gates.closed(run.id)] == []


def _with_button(person: Person, run: Run, label: str) -> dict[str, Any] | None:
    card = person.there(f"{run.id}/card")
    return card if card and label in buttons(card) else None


async def test_an_old_resume_button_opens_no_later_pause(place: Office, ana: Person) -> None:
    run = await place.opened()
    await ana.asks(f"pause {run.id}")
    old = await ana.reads(f"{run.id}/card", "Paused by Ana")
    await ana.asks(f"resume {run.id}")
    await ana.asks(f"pause {run.id}")
    assert "resume hello-1/2" in str(buttons(await ana.until(lambda: _second_pause(ana, run))))
    assert buttons(old)["Resume"][1]["value"] != ""
    assert "is not paused there any more" in (await ana.asks(f"resume {run.id}/1")).text
    assert len(await place.store.gates.closed(run.id)) == 1


def _second_pause(person: Person, run: Run) -> dict[str, Any] | None:
    card = person.there(f"{run.id}/card")
    return card if card and "resume hello-1/2" in str(buttons(card)) else None


async def test_a_pause_of_the_pipeline_is_drawn_and_resumed_in_portuguese(place: Office, rui: Person) -> None:
    run = await place.opened()
    await place.store.gates.wait(run.id, "test", GateKind.PAUSE)
    card = await rui.reads(f"{run.id}/card", "Paused before test")
    assert "resume hello-1/test" in str(buttons(card))
    assert "A execução `hello-1` continua." in (await rui.asks(f"retomar {run.id}")).text
    assert await place.store.runs.ready() == [(run.id, 2)]


async def test_who_may_not_steer_is_refused(place: Office, ana: Person, eva: Person) -> None:
    run = await place.opened(place.plan("production"))
    for asked in (f"pause {run.id}", f"resume {run.id}"):
        assert (await eva.asks(asked)).verdict == "refused"
        assert "You may not" in (await ana.asks(asked)).text
    assert await place.store.gates.closed(run.id) == []


async def test_only_what_failed_is_tried_again_with_what_was_made_before(place: Office, ana: Person) -> None:
    old = await failed_at(place, "test", "unit")
    assert (await ana.asks(f"retry {old.id} failed")).verdict == "started"
    new = await place.store.runs.get("hello-2")
    assert steps(new) == ["source/checkout", "test/unit", "push/push", "deploy-homolog/deploy"]
    assert (new.plan.origin, new.plan.trigger) == (old.id, Trigger.RETRY)
    assert new.plan.artifacts[artifact.IMAGE_ID] == MADE["build"][artifact.IMAGE_ID]
    assert artifact.SOURCE not in new.plan.artifacts  # that folder has gone with the old run
    assert artifact.DIGEST not in new.plan.artifacts
    again = await ana.asks(f"retry {old.id} failed")
    assert "Run `hello-2` is doing `hello-1` again already." in again.text


async def test_infrastructure_is_changed_again_only_by_whom_may_change_it(place: Office, ana: Person) -> None:
    change = Stage(name="apply", actions=(Action(name="stack", uses="cloudformation", options={DO: APPLY}),))
    plan = replace(place.plan(), trigger=Trigger.INFRA, stages=(replace(change, environment="homolog"),))
    old = await place.opened(plan)
    await place.store.runs.finish(old.id, Status.FAILED)
    answer = await ana.asks(f"retry {old.id}")
    assert (answer.verdict, "You may not ask for `infra-apply hello in homolog`" in answer.text) == ("refused", True)


async def test_all_of_the_stage_that_failed_or_of_one_that_is_named(place: Office, ana: Person, rui: Person) -> None:
    old = await failed_at(place, "test", "unit")
    await ana.starts(f"retry {old.id} all")
    new = await place.store.runs.get("hello-2")
    assert [name for name in steps(new) if name.startswith("test/")] == ["test/unit", "test/smoke"]
    await place.store.runs.finish(new.id, Status.CANCELLED)
    await rui.starts(f"repetir {old.id} tudo etapa push")
    assert steps(await place.store.runs.get("hello-3"))[1:] == ["push/push", "deploy-homolog/deploy"]


async def test_a_run_is_done_again_from_a_stage(place: Office, ana: Person, rui: Person) -> None:
    old = await failed_at(place, "deploy-homolog")
    await ana.starts(f"rerun {old.id} from deploy-homolog")
    new = await place.store.runs.get("hello-2")
    assert steps(new) == ["deploy-homolog/deploy"]  # nothing is fetched to deploy a digest
    assert (new.plan.artifacts[artifact.DIGEST], new.plan.trigger) == (MADE["push"][artifact.DIGEST], Trigger.RERUN)
    assert "Deploy hello to homolog again" in words(await ana.reads("hello-2/card"))
    wrong = await ana.asks(f"rerun {new.id} from deploy-homolog")
    assert "is still going on" in wrong.text
    await place.store.runs.finish(new.id, Status.SUCCEEDED)
    assert "não tem a etapa `deploi`" in (await rui.asks(f"reexecutar {old.id} desde deploi")).text


async def test_to_production_people_are_asked_anew(place: Office, rui: Person) -> None:
    run = await place.opened(place.plan("production"), user=ANA)
    await place.store.runs.finish(run.id, Status.BROKEN)
    await rui.starts(f"rerun {run.id} from deploy-production")
    new = await place.store.runs.get("hello-2")
    assert [stage.name for stage in new.plan.stages] == ["approve-production", "deploy-production"]


async def test_a_failed_run_offers_to_retry_on_its_card(place: Office, ana: Person) -> None:
    run = await failed_at(place, "test", "unit")
    card = await ana.until(lambda: _with_button(ana, run, "Retry from Start"))
    await ana.clicks(card, "Retry from Start")
    await ana.reads("hello-2/card")
    assert (await place.store.runs.get("hello-2")).plan.origin == run.id


@pytest.mark.parametrize("asked", ["retry {run}", "retry {run} failed", "rerun {run} from test"])
async def test_a_run_that_is_done_again_leads_to_the_one_that_does_it(place: Office, ana: Person, asked: str) -> None:
    run = await failed_at(place, "test", "unit")
    failure = f"{run.id}/failure/test/unit"
    await ana.until(lambda: _with_button(ana, run, "Retry from Start"))
    new = await ana.starts(asked.format(run=run.id))
    there = f"/archives/{DEPLOYS}/p{(await ana.reads(f'{new}/card'))['ts'].replace('.', '')}"
    for key in (f"{run.id}/card", failure):
        told = await ana.reads(key, "Tried again as <")
        assert f"{there}?thread_ts=" in words(told)
        assert f"|{new}>" in words(told)
        assert "Retry from Start" not in buttons(told)
        assert [*buttons(told), *choices(told)] == ["Full Log"]
    await place.store.runs.finish(new, Status.FAILED)
    for key in (f"{run.id}/card", failure):  # from elsewhere on it may be done again once more
        told = await ana.until(lambda key=key: _with_choice(ana, key, "Rerun from a stage…"))  # type: ignore[misc]
        assert "Retry from Start" not in buttons(told)
        assert f"|{new}>" in words(told)


def _with_choice(person: Person, key: str, label: str) -> dict[str, Any] | None:
    message = person.there(key)
    return message if message and label in choices(message) else None


async def test_what_went_well_is_done_again_from_a_stage_by_the_menu_of_its_end(
    place: Office, ana: Person, rui: Person
) -> None:
    run = await failed_at(place, "deploy-homolog")
    end = await ana.reads(f"{run.id}/ended")
    assert list(choices(end)) == ["Rerun from a stage…", "Full Log"]
    assert choices(await ana.reads(f"{run.id}/card")) == {}
    await rui.chooses(await rui.reads(f"{run.id}/ended"), "Rerun from a stage…")
    form = await rui.modal()
    assert form["title"]["text"] == "Reexecutar"
    (element,) = [block["element"] for block in form["blocks"] if block["block_id"] == "stage"]
    assert [option["value"] for option in element["options"]] == [stage.name for stage in run.plan.stages]
    values = {"stage": {"value": "push"}}
    assert (await rui.client.act("submit", view_id=form["id"], values=values))["ok"]
    await rui.reads("hello-2/card")
    assert steps(await place.store.runs.get("hello-2"))[1:] == ["push/push", "deploy-homolog/deploy"]
    late = await rui.client.act("submit", view_id=(await _again(rui, end))["id"], values=values)
    assert late["errors"] == {"stage": "A execução `hello-2` já está refazendo `hello-1`."}
    wrong = {"stage": {"value": "deploi"}}
    assert not (await rui.client.act("submit", view_id=rui.views[-1]["id"], values=wrong))["ok"]


async def _again(person: Person, end: dict[str, Any]) -> dict[str, Any]:
    """Open the form once more."""
    await person.until(lambda: not person.views)
    await person.chooses(end, "Rerun from a stage…")
    return await person.modal()


async def test_who_had_to_wait_is_called_when_it_is_their_turn(place: Office, ana: Person) -> None:
    first, second = await place.opened(), await place.opened()
    for run in (first, second):
        await place.store.locks.enter(run.id, "hello", "homolog")
    await ana.reads(f"{second.id}/card", "number 1 in the queue")
    await place.store.runs.finish(first.id, Status.SUCCEEDED)
    assert await place.store.runs.begin_leg(second.id, 2)
    assert (await place.store.locks.enter(second.id, "hello", "homolog")).held
    called = await ana.reads(f"{second.id}/turn/homolog")
    assert f"<@{ANA}> *hello-2*: it is your turn in homolog" in words(called)
    assert called["thread_ts"] == (await ana.reads(f"{second.id}/card"))["ts"]
    assert ana.there(f"{first.id}/turn/homolog") is None


async def test_of_several_runs_that_go_on_each_is_offered_and_an_environment_names_one(
    place: Office, ana: Person
) -> None:
    homolog, production = await place.opened(), await place.opened(place.plan("production"))
    which = await ana.asks("cancela o deploy do hello")
    assert (which.verdict, await place.store.runs.to_cancel([homolog.id, production.id])) == ("refused", [])
    assert [(label, offer[1]["value"]) for label, offer in buttons(which.message).items()] == [
        ("cancel hello-1 · homolog", "cancel hello-1"),
        ("cancel hello-2 · production", "cancel hello-2"),
    ]
    assert "`hello-1`" in (await ana.asks("pausa o deploy do hello em homolog")).text
    assert "`hello-1` goes on" in (await ana.asks("resume hello in homolog")).text
    assert (await ana.asks("cancela o deploy do hello em homolog")).verdict == "done"
    assert await place.store.runs.to_cancel([homolog.id, production.id]) == [homolog.id]
    await place.store.runs.finish(homolog.id, Status.CANCELLED)
    assert "No run of `hello` to homolog is going on." in (await ana.asks("cancel hello in homolog")).text


async def test_a_service_is_tried_again_only_after_its_run_was_shown(place: Office, ana: Person) -> None:
    assert "No run of hello has failed." in (await ana.asks("repete o deploy do hello")).text
    await failed_at(place, "test", "unit")
    await failed_at(place, "push")
    asked = await ana.asks("tenta de novo o deploy do hello")
    assert asked.verdict == "ask"
    assert "Run `hello-1`, hello to homolog, asked by Ana: failed." in asked.text
    assert await place.runs() == ["hello-2", "hello-1"]
    await ana.clicks(asked.message, "Retry from Start")
    await place.until(lambda: _opened(place, "hello-3"))
    assert (await place.store.runs.get("hello-3")).plan.origin == "hello-1"


async def _opened(place: Office, run: str) -> bool:
    return run in await place.runs()
