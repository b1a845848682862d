"""How runs ended, as people say it: who rejected or cancelled one, by name, and why."""

from datetime import timedelta

from commands.command import Asked
from commands.naming import BY, in_names_of
from storage.model.approval import Decision
from storage.model.run import Status
from storage.model.view import RunView
from storage.model.worded import Worded, parted


def stopped_by(view: RunView) -> tuple[str, str] | None:
    """Give what people did that ended a run (`rejected`, `cancelled`), and the user id of who did; `None`: nobody."""
    if view.status is not Status.CANCELLED:
        return None
    gates = (stage.gate for stage in view.stages if stage.gate)
    no = next((gate.decided_by for gate in gates if gate.decision is Decision.REJECTED), None)
    if no:
        return Decision.REJECTED.value, no
    return (Status.CANCELLED.value, view.cancelled_by) if view.cancelled_by else None


def lasted(view: RunView) -> timedelta | None:
    """Give how long a run that is over was at work; of one that was stopped, how long it took until it was."""
    if view.status is Status.CANCELLED and view.ended_at:
        return view.ended_at - view.run.opened_at
    return view.worked


def ending(asked: Asked, view: RunView) -> str:
    """Say the status of a run in few words: `rejected by Rui`, `failed`."""
    stopped = stopped_by(view)
    if stopped is None:
        return asked.say(view.status.value)
    return asked.say("{status} by {name}", status=asked.say(stopped[0]), name=asked.name(stopped[1]))


def headline(asked: Asked, view: RunView) -> str:
    """Say of a run in one sentence what goes where, who asked for it, and its status."""
    run = view.run
    return asked.say(
        "Run `{run}`, {service} to {environment}, asked by {who}: {status}.",
        run=run.id,
        service=run.plan.service.name,
        environment=run.plan.environment.name,
        who=asked.name(run.requester),
        status=ending(asked, view),
    )


def besides(asked: Asked, view: RunView) -> str:
    """Say why a run ended, as far as `ending` has not said it."""
    if stopped_by(view) is None:
        return reason_of(asked, view.reason)
    return "; ".join(filter(None, (_unsaid(asked, part) for part in parted(view.reason))))


def _unsaid(asked: Asked, part: str) -> str:
    if isinstance(part, Worded) and part.message in BY:
        return part.values.get("reason", "")
    return reason_of(asked, part)


def reason_of(asked: Asked, text: str) -> str:
    """Say a reason to the asker, with the names of people in it instead of their ids."""
    return in_names_of(asked.name, asked.say, text)
