"""What to say about the state of a run: now doing, or outcome and duration."""

from datetime import timedelta

from bot.slack.cards.gates import waiting_at
from bot.slack.cards.shown import Surroundings
from bot.slack.cards.titles import action_title, run_title
from commands.texts import later
from commands.times import lasting, span
from runners.cause import cause_in
from storage.model.approval import Decision
from storage.model.run import Status, Trigger
from storage.model.soundness import changes_infra, subject_of
from storage.model.view import ActionView, GateView, RunView

_NOTICED = timedelta(seconds=10)
"""Shorter waits are not worth a word."""
_DEPLOYED = later("Deployed {service} to {environment} in {took}")
_DONE = {
    Trigger.ROLLBACK: later("Rolled back {service} in {environment} in {took}"),
    Trigger.RESTART: later("Restarted {service} in {environment} in {took}"),
    Trigger.INFRA: later("Looked at the infrastructure of {service} in {environment} in {took}"),
    Trigger.SCALE: later("Scaled {service} in {environment} to {count} in {took}"),
}


def state(view: RunView, around: Surroundings) -> str:
    """Say in plain words where a run is."""
    return _outcome(view, around) if view.status.over else _now(view, around)


def _outcome(view: RunView, around: Surroundings) -> str:
    said = _ended(view, around)
    if view.status is Status.CANCELLED or view.waited < _NOTICED:
        return said
    return around.say("{outcome}, plus {waited} of waiting", outcome=said, waited=lasting(view.waited))


def _ended(view: RunView, around: Surroundings) -> str:
    say, took = around.say, lasting(view.worked or timedelta())
    plan = view.run.plan
    names = {"service": plan.service.name, "environment": plan.environment.name, "count": plan.replicas, "took": took}
    match view.status:
        case Status.SUCCEEDED:
            return say(_done(view), **names)
        case Status.FAILED if view.failed:
            return say("{title} (failed after {took})", title=_failed(view, around), took=took)
        case Status.FAILED:
            return say("Failed after {took}", took=took)
        case Status.CANCELLED:
            # how long it took until somebody, or nobody, decided
            return _stopped(view, around, span(view.run.opened_at, view.ended_at) or "0 s")
        case _:
            return say("Error: Estiva itself went wrong after {took}", took=took)


def _done(view: RunView) -> str:
    subject = subject_of(view.run.plan)
    if subject is Trigger.INFRA and view.stages[-1].skipped:
        return later("Nothing to change in the infrastructure of {service} in {environment}, seen in {took}")
    if changes_infra(view.run.plan):
        return later("Changed the infrastructure of {service} in {environment} in {took}")
    return _DONE.get(subject, _DEPLOYED)


def why(view: RunView) -> str:
    """Give the reason of an end, where `state` has not said it already."""
    stopped = [gate for gate in gates(view) if gate.decision in (Decision.REJECTED, Decision.EXPIRED)]
    if view.status is not Status.CANCELLED or not (stopped or view.cancelled_by or view.superseded_by):
        return view.reason
    return stopped[0].reason if stopped else ""


def told(view: RunView) -> ActionView | None:
    """Find the action whose failure `why` tells."""
    ended = ((stage.stage.name, action) for stage in view.stages for action in stage.actions)
    telling = (a for stage, a in ended if a.reason and f"{stage}/{a.action.name}: {a.reason}" in why(view))
    return next(telling, None) if view.status.over else None


def cause(view: RunView) -> str:
    """Give the line of the log that says best why a run has failed, where `why` does not; untranslated, not escaped."""
    action = told(view)
    return cause_in(action.excerpt, action.reason) if action else ""


def _failed(view: RunView, around: Surroundings) -> str:
    return action_title(view.failed, around.say, view.run.plan.service.name) if view.failed else ""


def _stopped(view: RunView, around: Surroundings, took: str) -> str:
    say = around.say
    for gate in gates(view):
        if gate.decision is Decision.REJECTED:
            return say("Rejected by {name} after {took}", name=around.name(gate.decided_by or ""), took=took)
        if gate.decision is Decision.EXPIRED:
            return say("Nobody approved in time: stopped after {took}", took=took)
    if view.cancelled_by:
        return say("Cancelled by {name} after {took}", name=around.name(view.cancelled_by), took=took)
    if view.superseded_by:
        return say("Made way for {run}, which is newer", run=view.superseded_by)
    return say("Stopped after {took}", took=took)


def _now(view: RunView, around: Surroundings) -> str:
    say = around.say
    if view.cancelled_by:
        return say("Cancelling")
    if view.paused:
        return _held(view, around)
    if view.queue_position is not None:
        return say(
            "Waiting for {environment}: number {position} in the queue",
            environment=view.queue_environment or "",
            position=view.queue_position,
        )
    if view.asking:
        return say("Waiting for approval")
    at_gates = [waiting_at(stage, around) for stage in view.stages if stage.wait]
    if doing := "".join(at_gates[:1]) or _busy(view, around):
        return doing
    return say("Starting") if view.status is Status.REQUESTED else run_title(view, say)


def _busy(view: RunView, around: Surroundings) -> str:
    """Name what runs; empty when nothing does."""
    busy = [a for s in view.stages for a in s.actions if a.status is Status.RUNNING]
    return " · ".join(action_title(action, around.say, view.run.plan.service.name) for action in busy[:3])


def _held(view: RunView, around: Surroundings) -> str:
    say, who = around.say, around.name(view.paused.by if view.paused else "")
    if busy := _busy(view, around):
        return say("Paused by {name}, once this is done: {busy}", name=who, busy=busy)
    return say("Paused by {name}", name=who)


def gates(view: RunView) -> list[GateView]:
    """List the approvals that the run asked for."""
    return [stage.gate for stage in view.stages if stage.gate]
