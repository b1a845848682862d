"""What must hold whatever died when: the invariants, each by its name, over what is kept and what was done outside.

Whoever checks by `violations` differs in what it can show: what is `None` in the evidence was not watched, and then
there is nothing to check. None of it asks the bot itself.

I7 (every button is live, or its click is answered) and I14 (the process is up, or exits with a reason) are no
properties of what is left afterwards: `tests/slack/test_deciding.py` and `tests/engine/test_kill.py` watch them.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from storage.audit import Verdict
from storage.model.approval import Approval, Decision, subject_of
from storage.model.event import Event, Kind
from storage.model.fold import fold
from storage.model.run import Run, Status
from storage.model.view import ActionView, RunView, StageView
from storage.store import Store

_ONCE = (Kind.RUN_REQUESTED, Kind.RUN_ENDED, Kind.STAGE_STARTED, Kind.ACTION_STARTED, Kind.ACTION_SUCCEEDED,
         Kind.APPROVAL_REQUESTED, Kind.APPROVED, Kind.REJECTED, Kind.APPROVAL_EXPIRED, Kind.RELEASED,
         Kind.CANCEL_REQUESTED)  # fmt: skip
_ENDS = (Kind.ACTION_SUCCEEDED, Kind.ACTION_FAILED, Kind.ACTION_CANCELLED, Kind.ACTION_BROKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A run, and what the journal says of it."""

    view: RunView
    events: Sequence[Event]

    @property
    def run(self) -> Run:
        return self.view.run

    def of(self, *kinds: Kind) -> list[Event]:
        return [event for event in self.events if event.kind in kinds]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was found when all had come to rest."""

    runs: Sequence[Told]
    verdict: Verdict
    locks: Mapping[tuple[str, str], Sequence[str]]
    """(service, environment) -> the runs in its queue, the holder first."""
    approvals: Sequence[Approval]
    asked: Sequence[str] | None = None
    """Ids of the requests that were acknowledged and should each have opened a run."""
    expected: Mapping[str, Status] | None = None
    """Run -> how it should end."""
    effects: Mapping[str, int] | None = None
    """Key of an attempt -> how often its work was begun outside."""
    work: Sequence[str] = ()
    """What actions use (`uses`) whose work shows in `effects`."""
    messages: Sequence[tuple[str, str]] | None = None
    """(key, status) of every message that people see."""
    replies: Sequence[str] = ()
    """Keys of the messages that answer requests."""
    left: Sequence[str] | None = None
    """What of ended runs is still there outside."""
    logs: Mapping[str, tuple[Sequence[str], Sequence[str]]] | None = None
    """Key of an attempt that succeeded -> the lines that it wrote, as they may be shown, and those that are kept."""
    secrets: Sequence[str] = ()
    """What must stand nowhere."""
    breaches: Sequence[str] = field(default=())
    """What was seen to be wrong at the very moment when it happened, by whoever watched."""


async def evidence(store: Store, limit: int = 1000) -> Evidence:
    """Read what the store knows; the caller adds what it saw outside (`dataclasses.replace`)."""
    runs = [await _told(store, run) for run in await store.runs.recent(limit=limit)]
    places = sorted({(told.run.plan.service.name, name) for told in runs for name in told.run.plan.environments})
    gates = [f"{told.run.id}/{stage.stage.name}" for told in runs for stage in told.view.stages if stage.stage.approval]
    found = [await store.approvals.get(gate) for gate in gates]
    return Evidence(
        runs=sorted(runs, key=lambda told: told.run.id),
        verdict=await store.journal.verify(),
        locks={place: await store.locks.queue(*place) for place in places},
        approvals=[approval for approval in found if approval is not None],
    )


async def _told(store: Store, run: Run) -> Told:
    events = await store.journal.of_run(run.id)
    return Told(view=fold(run, events), events=events)


def violations(found: Evidence) -> list[str]:
    """Say what is broken, each in one line that begins with the name of the invariant; empty when all holds."""
    broken = [f"{name}: {what}" for name, check in INVARIANTS.items() for what in check(found)]
    return sorted({*broken, *found.breaches})


def _one_run_and_one_end(found: Evidence) -> Iterator[str]:
    if found.asked is not None:
        opened = Counter(told.run.request for told in found.runs)
        yield from (f"{request} opened {opened[request]} runs" for request in found.asked if opened[request] != 1)
    for told in found.runs:
        if not told.run.status.over:
            yield f"{told.run.id} came to no end: it is {told.run.status}, its last fact {told.events[-1].kind}"
    if found.expected is not None:
        ends = {told.run.id: told.run.status for told in found.runs}
        for run, status in found.expected.items():
            if ends.get(run) is not status:
                yield f"{run} ended {ends.get(run)}, and should have ended {status}"


def _ends_are_ends(found: Evidence) -> Iterator[str]:
    for told in found.runs:
        name = told.run.id
        ended = [index for index, event in enumerate(told.events) if event.kind is Kind.RUN_ENDED]
        if told.run.status.over and ended != [len(told.events) - 1]:
            yield f"{name}: its end is not its last fact: {[event.kind.value for event in told.events][-4:]}"
        if told.run.status.over and told.run.status is not told.view.status:
            yield f"{name}: the row says {told.run.status}, the journal {told.view.status}"
        yield from (f"{name}: {what} {times} times" for what, times in _repeated(told))
        for stage in told.view.stages:
            for action in stage.actions:
                yield from (f"{name}: {what}" for what in _attempts(told, stage, action))
        yield from (f"{name}: {what}" for what in _premature(told))
        yield from (f"{name}: {what}" for what in _taken_again(told))


def _repeated(told: Told) -> Iterator[tuple[str, int]]:
    said = Counter(
        (
            event.kind.value,
            *(str(event.data.get(n, "")) for n in ("stage", "action", "attempt", "environment", "rollback")),
        )
        for event in told.of(*_ONCE)
    )
    return (("/".join(what), times) for what, times in said.items() if times > 1)


def _taken_again(told: Told) -> Iterator[str]:
    """A lock is taken once, and again only after the run has stepped aside: paused, or before a gate that closed."""
    has: set[str] = set()
    for event in told.of(Kind.LOCK_TAKEN, Kind.GATE_WAITING, Kind.GATE_OPENED, Kind.PAUSED, Kind.RESUMED):
        environment = str(event.data.get("environment"))
        if event.kind is not Kind.LOCK_TAKEN:
            has.clear()
        elif environment in has:
            yield f"the lock of {environment} was taken twice"
        else:
            has.add(environment)


def _attempts(told: Told, stage: StageView, action: ActionView) -> Iterator[str]:
    """An attempt is begun before it ends, ends once, and only a failure that is not final is followed by another."""
    place = f"{stage.stage.name}/{action.action.name}"
    facts = [
        event
        for event in told.of(Kind.ACTION_STARTED, *_ENDS)
        if (event.data.get("stage"), event.data.get("action")) == (stage.stage.name, action.action.name)
    ]
    for before, after in pairwise(facts):
        again = before.kind is Kind.ACTION_FAILED and not before.data.get("final", True)
        if after.kind is Kind.ACTION_STARTED and before.kind in _ENDS and not again:
            yield f"{place} went on after {before.kind}"
        if after.kind in _ENDS and before.kind in _ENDS and not (again and after.kind is not Kind.ACTION_SUCCEEDED):
            yield f"{place} ended twice: {before.kind}, then {after.kind}"
    if facts and facts[0].kind in (Kind.ACTION_SUCCEEDED, Kind.ACTION_FAILED):
        yield f"{place} ended before it began"
    if action.attempt > action.action.attempts:
        yield f"{place} took {action.attempt} attempts of {action.action.attempts}"


def _premature(told: Told) -> Iterator[str]:
    """No action begins before everything of the stages before it has ended, nor after a failure that aborts."""
    order = {stage.stage.name: index for index, stage in enumerate(told.view.stages)}
    running: dict[tuple[str, str], int] = {}
    for event in told.of(Kind.ACTION_STARTED, *_ENDS):
        place = (str(event.data.get("stage")), str(event.data.get("action")))
        if event.kind in _ENDS:
            running.pop(place, None)
            continue
        running[place] = order[place[0]]
        ahead = [other for other, index in running.items() if index < order[place[0]]]
        if ahead:
            yield f"{'/'.join(place)} began while {'/'.join(ahead[0])} was still running"


def _one_at_a_time(found: Evidence) -> Iterator[str]:
    """Per environment no action begins while another run has one under way."""
    stages = {(t.run.id, s.stage.name): s.stage.environment for t in found.runs for s in t.view.stages}
    services = {told.run.id: told.run.plan.service.name for told in found.runs}
    busy: dict[tuple[str, str], Counter[str]] = {}
    facts = [event for told in found.runs for event in told.of(Kind.ACTION_STARTED, Kind.RUN_ENDED, *_ENDS)]
    for event in sorted(facts, key=lambda event: event.id):
        run = event.run or ""
        if event.kind is Kind.RUN_ENDED:
            for place in busy.values():
                place.pop(run, None)
            continue
        environment = stages[run, str(event.data.get("stage"))]
        if environment is None:
            continue
        place = busy.setdefault((services[run], environment), Counter())
        if event.kind is Kind.ACTION_STARTED:
            others = [other for other, count in place.items() if other != run and count > 0]
            if others:
                yield f"{run} began in {environment} while {others[0]} was under way there"
            place[run] += 1
        else:
            place[run] = max(0, place[run] - 1)


def _nothing_unapproved(found: Evidence) -> Iterator[str]:
    approvals = {approval.id: approval for approval in found.approvals}
    for told in found.runs:
        for stage in told.view.stages:
            name = stage.stage.environment
            environment = told.run.plan.environments.get(name or "", told.run.plan.environment)
            begun = [a for a in stage.actions if a.attempt > 0]
            if name is None or stage.stage.approval or not begun or not environment.approvals:
                continue
            if stage.restoring is not None:  # what comes back ran there before, with the yes of its own run
                continue
            given = [
                approvals[gate.gate.approval]
                for gate in told.view.stages
                if gate.gate is not None and gate.gate.approval in approvals
            ]
            wanted = subject_of(told.run.plan, dict(told.view.artifacts))
            if not any(_allows(told, approval, environment.approvals, wanted) for approval in given):
                yield f"{told.run.id}/{stage.stage.name} ran in {name} without an approval of exactly this"


def _allows(told: Told, approval: Approval, needed: int, subject: str) -> bool:
    others = set(approval.given_by) - {told.run.requester}
    return approval.decision is Decision.APPROVED and len(others) >= needed and approval.subject == subject


def _the_audit_is_whole(found: Evidence) -> Iterator[str]:
    if not found.verdict.ok:
        yield f"the audit chain is torn: {found.verdict.why}"
    for told in found.runs:
        numbers = [event.sequence for event in told.events]
        if numbers != [*range(1, len(numbers) + 1)]:
            yield f"{told.run.id}: the sequence has holes: {numbers}"
        if told.run.cancel_requested != bool(told.of(Kind.CANCEL_REQUESTED)):
            yield f"{told.run.id}: that it is to be cancelled is not in the journal, or only there"
    for approval in found.approvals:
        told = next(told for told in found.runs if told.run.id == approval.run)
        said = [event.kind for event in told.of(Kind.APPROVED, Kind.REJECTED, Kind.APPROVAL_EXPIRED)
                if event.data.get("approval") == approval.id]  # fmt: skip
        if said != [_SAID[decision] for decision in [approval.decision] if decision in _SAID]:
            yield f"{approval.id} is {approval.decision}, and the journal says {said}"


_SAID = {
    Decision.APPROVED: Kind.APPROVED,
    Decision.REJECTED: Kind.REJECTED,
    Decision.EXPIRED: Kind.APPROVAL_EXPIRED,
}


def _people_see_the_truth(found: Evidence) -> Iterator[str]:
    if found.messages is None:
        return
    seen = Counter(key for key, _ in found.messages)
    wanted = {*found.replies, *(key for told in found.runs for key in messages_of(told.view))}
    yield from (f"message {key} was said {times} times" for key, times in seen.items() if times > 1)
    yield from (f"message {key} is missing" for key in sorted(wanted - set(seen)))
    yield from (f"message {key} should not be there" for key in sorted(set(seen) - wanted))
    shown = dict(found.messages)
    for told in found.runs:
        card = shown.get(f"{told.run.id}/card")
        if card is not None and card != told.view.status.value:
            yield f"the card of {told.run.id} shows {card}, not {told.view.status.value}"


def messages_of(view: RunView) -> Iterator[str]:
    """Give the keys of the messages that a run should have by what happened in it."""
    run = view.run.id
    yield f"{run}/card"
    yield from (f"{run}/turn/{environment}" for environment in view.turns)
    for stage in view.stages:
        if stage.actions and stage.status is Status.SUCCEEDED:
            yield f"{run}/stage/{stage.stage.name}"
        if stage.gate is not None:
            yield f"{run}/approval/{stage.stage.name}"
            if stage.gate.emergency:
                yield f"{run}/glass/{stage.stage.name}"
        for action in stage.actions:
            if action.status in (Status.FAILED, Status.BROKEN):
                yield f"{run}/failure/{stage.stage.name}/{action.action.name}"
    if view.status.over and (view.failed is None or any(stage.restoring for stage in view.stages)):
        yield f"{run}/ended"


def _no_effect_twice(found: Evidence) -> Iterator[str]:
    if found.effects is None:
        return
    yield from (f"the work of {key} was begun {times} times" for key, times in found.effects.items() if times > 1)
    for told in found.runs:
        for event in told.of(Kind.ACTION_SUCCEEDED):
            stage, name = str(event.data.get("stage")), str(event.data.get("action"))
            key = f"{told.run.id}/{stage}/{name}/{event.data.get('attempt')}"
            planned = {(s.name, a.name): a.uses for s in told.run.plan.stages for a in s.actions}
            if planned.get((stage, name)) in found.work and key not in found.effects:
                yield f"{key} counts as done, and its work was never begun"


def _nothing_left(found: Evidence) -> Iterator[str]:
    yield from (f"{what} is left" for what in found.left or ())


def _no_secret(found: Evidence) -> Iterator[str]:
    for told in found.runs:
        for event in told.events:
            for secret in found.secrets:
                if secret in str(event.data):
                    yield f"{told.run.id}: fact {event.sequence} shows a secret"
    for key, (_, kept) in (found.logs or {}).items():
        if any(secret in line for secret in found.secrets for line in kept):
            yield f"the log of {key} shows a secret"


def _logs_are_whole(found: Evidence) -> Iterator[str]:
    """What was written is kept in its order; who was taken up again may have written a part of it before."""
    for key, (written, kept) in (found.logs or {}).items():
        if list(written) != list(kept)[len(kept) - len(written) :]:
            yield f"the log of {key} has gaps: {len(written)} lines were written, {len(kept)} are kept"


def _locks_are_free(found: Evidence) -> Iterator[str]:
    over = {told.run.id for told in found.runs if told.run.status.over}
    for (_, environment), line in found.locks.items():
        held = [run for run in line if run in over]
        if held:
            yield f"the lock of {environment} is held or waited for by what has ended: {held}"
    for approval in found.approvals:
        if approval.run in over and approval.decision is Decision.PENDING:
            yield f"{approval.id} still waits, and its run has ended"


def _in_their_order(found: Evidence) -> Iterator[str]:
    """A place in a queue only gets better, and nobody takes a lock before one who came earlier and still waits."""
    queues: dict[tuple[str, str], _Queue] = {}
    services = {told.run.id: told.run.plan.service.name for told in found.runs}
    kinds = (Kind.QUEUED, Kind.LOCK_TAKEN, Kind.GATE_WAITING, Kind.RUN_ENDED, Kind.PAUSED, Kind.RESUMED)
    facts = [event for told in found.runs for event in told.of(*kinds)]
    paused: set[str] = set()
    for event in sorted(facts, key=lambda event: event.id):
        run, environment = event.run or "", str(event.data.get("environment"))
        if event.kind in (Kind.PAUSED, Kind.RESUMED):  # a run that people hold up holds up no other
            (paused.add if event.kind is Kind.PAUSED else paused.discard)(run)
            continue
        if event.kind in (Kind.RUN_ENDED, Kind.GATE_WAITING):  # who waits at a gate has stepped aside
            for queue in queues.values():
                queue.left(run)
            continue
        queue = queues.setdefault((services[run], environment), _Queue())
        said = queue.joined(run, event) if event.kind is Kind.QUEUED else queue.taken(run, event, paused)
        yield from (f"{run} {what} of {environment}" for what in said)


@dataclass(slots=True)
class _Queue:
    """Who waits for one environment, by what the journal says."""

    waiting: dict[str, int] = field(default_factory=dict)
    """Run -> its place when it was last told; in the order in which they came."""
    token: int = 0

    def joined(self, run: str, event: Event) -> Iterator[str]:
        place = int(str(event.data.get("position")))
        if place >= self.waiting.get(run, place + 1):
            yield f"fell back to place {place} in the queue"
        self.waiting[run] = place

    def taken(self, run: str, event: Event, paused: Collection[str]) -> Iterator[str]:
        others = [each for each in self.waiting if each == run or each not in paused]
        ahead = others[: others.index(run)] if run in others else others
        if ahead:
            yield f"took the lock before {ahead[0]}, who came earlier, in the queue"
        token = int(str(event.data.get("token", self.token + 1)))
        if token <= self.token:
            yield f"has token {token}, after token {self.token}, in the queue"
        self.token = token
        self.left(run)

    def left(self, run: str) -> None:
        self.waiting.pop(run, None)


INVARIANTS = {
    "I1": _one_run_and_one_end,
    "I2": _ends_are_ends,
    "I3": _one_at_a_time,
    "I4": _nothing_unapproved,
    "I5": _the_audit_is_whole,
    "I6": _people_see_the_truth,
    "I8": _no_effect_twice,
    "I9": _nothing_left,
    "I10": _no_secret,
    "I11": _locks_are_free,
    "I12": _logs_are_whole,
    "I13": _in_their_order,
}
"""Name (of the reference's list) -> its check."""


def without(names: Iterable[str], found: Sequence[str]) -> list[str]:
    """Leave out violations of some invariants."""
    return [what for what in found if what.partition(":")[0] not in names]
