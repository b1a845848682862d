"""Which messages a run should have in Slack, as a pure function of how far it got."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from bot.slack.blocks import Block, context, notice
from bot.slack.cards.approval_card import approval_card
from bot.slack.cards.ended import ended
from bot.slack.cards.failure import failure
from bot.slack.cards.nudges import escalation, glass, reminded, reminder
from bot.slack.cards.run_card import run_card
from bot.slack.cards.shown import Desired, Priority, Surroundings
from bot.slack.cards.stage_note import stage_note
from bot.slack.cards.turn import turn
from bot.slack.marks import Mark, is_user, marked
from storage.model.approval import Decision
from storage.model.run import Status
from storage.model.view import RunView, StageView

_BAD = (Status.FAILED, Status.BROKEN)


def desired(view: RunView, around: Surroundings, version: int = 0) -> tuple[Desired, ...]:
    """List the messages in the order in which they came to be. Empty when nobody in Slack would read them.

    The channel has one line per run, its card; all else is in the thread of that. People are mentioned where they have
    something to do or to know: approvers when asked, the requester at the end, on failure, and when it is their turn.

    `version` is the sequence of the newest event in the view.
    """
    channel = channel_of(view)
    if not channel:
        return ()
    return tuple(replace(message, version=version) for message in _messages(view, channel, around))


def channel_of(view: RunView) -> str:
    """Choose where a run is shown: where it was asked, else the service's channel, else to the requester directly."""
    run = view.run
    return run.channel or run.plan.service.channel or (run.requester if is_user(run.requester) else "")


def _messages(view: RunView, channel: str, around: Surroundings) -> tuple[Desired, ...]:
    closing = (*_failures(view, channel, around), *_end(view, channel, around))
    return (
        _card(view, channel, around, len(closing)),
        *_turns(view, channel, around),
        *_notes(view, channel, around),
        *_approvals(view, channel, around),
        *_nudges(view, channel, around),
        *closing,
    )


def key_of(run: str, name: str) -> str:
    """Name a message of a run: `hello-12/card`."""
    return f"{run}/{name}"


def _card(view: RunView, channel: str, around: Surroundings, closing: int) -> Desired:
    """Draw the card; once the run is over it says how many messages tell that: who waits for the end waits for them."""
    priority = Priority.END if view.status.over else Priority.CARD
    drawn = run_card(view, around)
    made = _message(view, "card", channel, drawn, priority=priority, settled=view.status.over)
    more = {"closing": str(closing)} if view.status.over else {}
    return replace(made, payload={**made.payload, "status": view.status.value, **more})


def _message(
    view: RunView,
    name: str,
    channel: str,
    drawn: tuple[list[Block], Mark],
    *,
    priority: Priority,
    settled: bool = True,
    in_thread: bool = False,
    broadcast: bool = False,
    late: bool = False,
    before: frozenset[str] = frozenset(),
    belated: Block | None = None,
) -> Desired:
    blocks, text = drawn
    key = key_of(view.run.id, name)
    payload: Mapping[str, str] = {"run": view.run.id, "key": key, "status": ""}
    return Desired(
        key=key,
        channel=channel,
        blocks=tuple(blocks),
        text=notice(text),
        thread_of=key_of(view.run.id, "card") if in_thread else None,
        broadcast=broadcast,
        payload=payload,
        priority=priority,
        settled=settled,
        late=late,
        before=before,
        belated=belated,
        instead=view.run.requester,
    )


def _turns(view: RunView, channel: str, around: Surroundings) -> Iterator[Desired]:
    for environment in view.turns:
        called = turn(view, environment, around)
        yield _message(view, f"turn/{environment}", channel, called, priority=Priority.ANSWER, in_thread=True)


def _notes(view: RunView, channel: str, around: Surroundings) -> Iterator[Desired]:
    belated = context(marked(around.say, "Said late: this was before what stands above it."))
    told = partial(_message, view, channel=channel, priority=Priority.DETAIL, in_thread=True, belated=belated)
    for place, stage in enumerate(view.stages):
        if stage.actions and stage.status is Status.SUCCEEDED:
            after = ("ended", *_urgent(stage, view.stages[place + 1 :]))
            before = frozenset(key_of(view.run.id, name) for name in after)
            yield told(name=f"stage/{stage.stage.name}", drawn=stage_note(view, stage, around), before=before)


def _urgent(stage: StageView, later: Iterable[StageView]) -> Iterator[str]:
    """Name what goes out at once about later stages, and so might be read before the note on this one."""
    for each in later:
        if each.asked_by.partition("/")[0] != stage.stage.name:  # its own question was before its end
            yield f"approval/{each.stage.name}"
        for action in each.actions:
            yield f"failure/{each.stage.name}/{action.action.name}"


def _approvals(view: RunView, channel: str, around: Surroundings) -> Iterator[Desired]:
    for stage in view.stages:
        if stage.gate is not None:
            drawn = approval_card(view, stage, stage.gate, around)
            open_still = stage.gate.decision is Decision.PENDING
            name = f"approval/{stage.stage.name}"
            question = partial(_message, view, name, channel, drawn, priority=Priority.QUESTION)
            yield question(settled=not open_still, in_thread=True)


def _nudges(view: RunView, channel: str, around: Surroundings) -> Iterator[Desired]:
    """Say that a question is still open; say it in the channel too when the glass was broken: that is to be loud."""
    for stage, gate in [(stage, stage.gate) for stage in view.stages if stage.gate]:
        told = partial(_message, view, channel=channel, priority=Priority.QUESTION, in_thread=True)
        open_still = gate.decision is Decision.PENDING
        for number in range(1, gate.reminders + 1):
            calls = open_still and number == gate.reminders
            drawn = (reminder if calls else reminded)(view, stage, gate, around)
            yield told(name=f"reminder/{stage.stage.name}/{number}", drawn=drawn, late=not calls)
        if gate.escalated:
            drawn = (escalation if open_still else reminded)(view, stage, gate, around)
            yield told(name=f"escalation/{stage.stage.name}", drawn=drawn, late=not open_still)
        if gate.emergency:
            yield told(name=f"glass/{stage.stage.name}", drawn=glass(view, stage, gate, around), broadcast=True)


def _failures(view: RunView, channel: str, around: Surroundings) -> Iterator[Desired]:
    for stage, action in [(s, a) for s in view.stages for a in s.actions]:
        if action.status in _BAD:
            drawn = failure(view, action, around)
            name = f"failure/{stage.stage.name}/{action.action.name}"
            yield _message(view, name, channel, drawn, priority=Priority.QUESTION, in_thread=True)


def _end(view: RunView, channel: str, around: Surroundings) -> Iterator[Desired]:
    """Announce the end: a failed action has done so already, unless something was put back after it."""
    announced = view.status in _BAD and view.failed and not any(stage.restoring for stage in view.stages)
    if view.status.over and not announced:
        yield _message(view, "ended", channel, ended(view, around), priority=Priority.END, in_thread=True)
