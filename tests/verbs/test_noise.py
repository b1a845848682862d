"""How much people hear of runs: one line each in the channel, and nobody called who has nothing to do or to know."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from storage.model.approval import Approval, subject_of
from storage.model.event import Fact, Kind
from storage.model.run import Run, Status
from tests.stories.person import Person
from tests.stories.reading import buttons, key_of, words
from tests.verbs.office import ANA, DEPLOYS, RUI, Office

_CALLED = re.compile(r"<@(\w+)>")
_STAGE = "approve-production"


async def question(place: Office, run: Run) -> Approval:
    """The gate's question, as the engine asks it."""
    environment = run.plan.environment
    subject = subject_of(run.plan, dict(run.plan.artifacts))
    until = datetime.now(UTC) + timedelta(hours=1)
    return await place.store.approvals.ask(
        run.id, _STAGE, environment.name, subject, environment.approvals, until, environment.approval
    )


async def asked_for(place: Office, user: str = ANA) -> tuple[Run, Approval]:
    run = await place.opened(place.plan("production"), user=user)
    return run, await question(place, run)


async def worked(place: Office, run: Run, *, bad: str = "") -> None:
    """All actions of the run, up to the one that fails."""
    for stage in run.plan.stages:
        for action in stage.actions:
            kind = Kind.ACTION_FAILED if action.name == bad else Kind.ACTION_SUCCEEDED
            more = {"reason": "no", "final": True} if action.name == bad else {"artifacts": {}}
            for fact in (Kind.ACTION_STARTED, kind):
                data = {"stage": stage.name, "action": action.name, "attempt": 1, **more}
                await place.store.journal.append(Fact(kind=fact, actor="estiva", run=run.id, data=data))  # type: ignore[arg-type]
            if action.name == bad:
                return


async def test_the_card_says_who_is_asked_and_that_the_thread_has_the_question(place: Office, ana: Person) -> None:
    await ana.asks("settings channel language portuguese")
    run, approval = await asked_for(place)
    question = await ana.reads(f"{run.id}/approval/{_STAGE}")
    there = f"thread_ts={question['thread_ts']}&amp;cid={DEPLOYS}|aprovar ou rejeitar na conversa>."
    address = f"{place.local.url}/archives/{DEPLOYS}/p{question['ts'].replace('.', '')}"
    card = await ana.reads(f"{run.id}/card", f"*Aguardando Rui*: <{address}?{there}")
    back = f"<{place.local.url}/archives/{DEPLOYS}/p{card['ts'].replace('.', '')}?thread_ts={card['ts']}"
    await ana.reads(f"{run.id}/approval/{_STAGE}", back)
    await place.store.approvals.approve(approval.id, RUI, approval.subject)
    await ana.until(lambda: _asks_nobody(ana, run))


def _asks_nobody(person: Person, run: Run) -> bool:
    return "Aguardando Rui" not in words(person.there(f"{run.id}/card") or {"text": "Aguardando Rui"})


def said(place: Office) -> list[dict[str, Any]]:
    """What stands in the channel and its threads now, by the bot and about runs."""
    room = place.local.workspace.channels[DEPLOYS]
    return [m for m in room.messages.values() if m.get("bot_id") and not key_of(m).startswith("reply/")]


def in_channel(place: Office) -> list[str]:
    """The keys of what everybody in the channel has before their eyes."""
    top = [m for m in said(place) if m.get("thread_ts") in (None, m["ts"]) or m.get("subtype") == "thread_broadcast"]
    return [key_of(m) for m in top]


def calls(place: Office, user: str) -> list[str]:
    """The messages in which somebody is mentioned, as they stand now."""
    return [key_of(m) for m in said(place) if user in _CALLED.findall(str(m["blocks"]))]


async def test_a_whole_day_is_one_line_for_each_run(place: Office, ana: Person, rui: Person) -> None:
    good, bad = await place.opened(), await place.opened()
    await place.store.locks.enter(good.id, "hello", "homolog")
    await place.store.locks.enter(bad.id, "hello", "homolog")
    await ana.reads(f"{bad.id}/card", "number 1 in the queue")
    assert calls(place, ANA) == [], "nobody is called at the start"
    await worked(place, good)
    await place.store.runs.finish(good.id, Status.SUCCEEDED)
    await ana.reads(f"{good.id}/ended")
    assert (await place.store.locks.enter(bad.id, "hello", "homolog")).held
    await ana.reads(f"{bad.id}/turn/homolog")
    await worked(place, bad, bad="unit")
    await place.store.runs.finish(bad.id, Status.FAILED, "unit failed")
    await ana.reads(f"{bad.id}/failure/test/unit")

    stopped = await place.opened()
    await ana.asks(f"cancel {stopped.id}")
    await place.store.runs.finish(stopped.id, Status.CANCELLED)
    released, _ = await asked_for(place)
    await rui.reads(f"{released.id}/approval/{_STAGE}")
    assert calls(place, RUI) == [f"{released.id}/approval/{_STAGE}"]
    await rui.asks(f"aprovar {released.id}")
    await ana.reads(f"{released.id}/approval/{_STAGE}", "Approved by Rui")
    await worked(place, released)
    await place.store.runs.finish(released.id, Status.SUCCEEDED)
    refused, _ = await asked_for(place)
    await rui.reads(f"{refused.id}/approval/{_STAGE}")
    await rui.asks(f"rejeitar {refused.id} porque é sexta")
    await ana.reads(f"{refused.id}/approval/{_STAGE}", "Rejected by Rui")
    await place.store.runs.finish(refused.id, Status.CANCELLED)
    for run in (stopped, released, refused):
        await ana.reads(f"{run.id}/ended")

    runs = (good, bad, stopped, released, refused)
    assert sorted(in_channel(place)) == sorted(f"{run.id}/card" for run in runs)
    assert calls(place, RUI) == [], "a question that is settled calls nobody any more"
    ends = [f"{run.id}/ended" for run in runs if run is not bad]
    assert sorted(calls(place, ANA)) == sorted([*ends, f"{bad.id}/turn/homolog", f"{bad.id}/failure/test/unit"])


async def test_who_wants_no_mentions_is_called_nowhere(place: Office, ana: Person) -> None:
    await ana.asks("settings mentions off")
    first, bad = await place.opened(), await place.opened()
    for run in (first, bad):
        await place.store.locks.enter(run.id, "hello", "homolog")
    await place.store.runs.finish(first.id, Status.CANCELLED)
    assert (await place.store.locks.enter(bad.id, "hello", "homolog")).held
    await ana.reads(f"{bad.id}/turn/homolog", "Ana")
    await worked(place, bad, bad="unit")
    await place.store.runs.finish(bad.id, Status.FAILED, "unit failed")
    await ana.reads(f"{bad.id}/failure/test/unit", "Ana")
    await ana.reads(f"{first.id}/ended", "Ana")
    assert calls(place, ANA) == []


async def test_what_is_settled_by_word_has_no_buttons(place: Office, ana: Person, rui: Person) -> None:
    run, _ = await asked_for(place)
    assert buttons(await rui.reads(f"{run.id}/approval/{_STAGE}")) != {}
    assert (await rui.asks(f"aprovar {run.id}")).verdict == "done"
    assert buttons(await ana.reads(f"{run.id}/approval/{_STAGE}", "Approved by Rui")) == {}
    again = await rui.asks(f"aprovar {run.id}/{_STAGE}")
    assert again.verdict == "refused"
    assert "por Rui" in again.text


async def test_of_two_clicks_at_once_each_gets_an_answer(place: Office, rui: Person) -> None:
    place.change_catalog("name: Bia, roles: [developer]", "name: Bia, roles: [developer, release-manager]")
    run, _ = await asked_for(place)
    async with place.person("dev2") as bia:
        for label, person in (("Approve", rui), ("Approve", bia)):
            card = person.there(f"{run.id}/approval/{_STAGE}") or await rui.reads(f"{run.id}/approval/{_STAGE}")
            await person.clicks(card, label)
        await bia.until(lambda: _answered(bia, run))
        await rui.until(lambda: _answered(rui, run))
    given = [event for event in await place.store.journal.of_run(run.id) if event.kind is Kind.APPROVED]
    assert len(given) == 1


def _answered(person: Person, run: Run) -> bool:
    return any(message.get("is_ephemeral") and run.id in words(message) for message in person.seen.values())


async def test_who_breaks_the_glass_is_heard_by_everybody(place: Office, ana: Person, rui: Person) -> None:
    place.change_catalog("may: [withdraw, lock", "may: [break-glass, withdraw, lock")
    run, approval = await asked_for(place, RUI)
    assert approval.id
    answer = await rui.asks(f"emergência {run.id} porque o site caiu")
    assert answer.verdict == "done", answer.text
    glass = await ana.reads(f"{run.id}/glass/{_STAGE}", "o site caiu")
    assert "Rui broke the glass" in words(glass)
    assert sorted(in_channel(place)) == [f"{run.id}/card", f"{run.id}/glass/{_STAGE}"], "loud on purpose"


async def test_who_does_not_answer_is_reminded_and_others_are_asked(place: Office, ana: Person, rui: Person) -> None:
    rule = "approvals: {remind: 60s, from: [URUIREL01], escalate: {after: 120s, to: [UANADEV01]}} "
    place.change_catalog("approvals: 1 ", rule)
    place.change_catalog("name: Ana, roles: [developer]", "name: Ana, roles: [developer, release-manager]")
    run, approval = await asked_for(place, "UBIADEV02")
    card = await rui.reads(f"{run.id}/approval/{_STAGE}")
    assert calls(place, ANA) == [], "she is asked only when Rui does not answer"
    assert await place.store.reminders.send(datetime.now(UTC) + timedelta(seconds=61)) == [approval.id]
    reminder = await rui.reads(f"{run.id}/reminder/{_STAGE}/1", "still waits for your answer")
    assert f"<@{RUI}>" in words(reminder)
    assert await place.store.reminders.send(datetime.now(UTC) + timedelta(seconds=121)) == [approval.id]
    more = await ana.reads(f"{run.id}/escalation/{_STAGE}", "you are asked too")
    assert f"<@{ANA}>" in words(more)
    assert {message["thread_ts"] for message in (card, reminder, more)} == {(await ana.reads(f"{run.id}/card"))["ts"]}
    assert in_channel(place) == [f"{run.id}/card"]
    await rui.asks(f"aprovar {approval.id}")
    for name in (f"reminder/{_STAGE}/1", f"escalation/{_STAGE}"):
        settled = await ana.reads(f"{run.id}/{name}", f"*{run.id}* in production: Approved by Rui")
        assert "<@" not in words(settled), "a call that calls nobody any more"


async def test_whose_lock_is_taken_over_is_told_directly(place: Office, ana: Person, rui: Person) -> None:
    place.change_catalog("may: [withdraw, lock", "may: [steal, withdraw, lock")
    await ana.asks("lock hello in homolog")
    await rui.asks("tomar hello em homolog porque a fila parou")
    notice = await ana.sees("took over your lock")
    assert "a fila parou" in words(notice)
    assert str(notice["channel"]).startswith("D")
