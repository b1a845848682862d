"""Why what is left of a run that is over was never begun."""

from collections.abc import Iterator

from bot.slack.cards.shown import Surroundings
from bot.slack.cards.states import gates, told
from storage.model.approval import Decision
from storage.model.run import Status
from storage.model.view import ActionView, RunView


def unstarted(view: RunView, around: Surroundings) -> str:
    """Call what was not begun so, and say why not, as far as the run knows."""
    why = next(_causes(view, around), "") or around.words(view.reason)
    return around.say("Not started: {why}", why=why) if why else around.say("Not started")


def _causes(view: RunView, around: Surroundings) -> Iterator[str]:
    if view.status is Status.CANCELLED:
        yield from _decisions(view, around)
    elif view.status is not Status.SUCCEEDED and (failed := told(view) or view.failed):
        yield _failure(view, failed, around)


def _decisions(view: RunView, around: Surroundings) -> Iterator[str]:
    """Say what people, or a newer run, have decided."""
    say = around.say
    for gate in gates(view):
        if gate.decision is Decision.REJECTED:
            yield say("rejected by {name}", name=around.name(gate.decided_by or ""))
        if gate.decision is Decision.EXPIRED:
            yield say("nobody approved in time")
    if view.cancelled_by:
        yield say("cancelled by {name}", name=around.name(view.cancelled_by))
    if view.superseded_by:
        yield say("made way for {run}, which is newer", run=view.superseded_by)


def _failure(view: RunView, failed: ActionView, around: Surroundings) -> str:
    names = {"stage": view.stage_of(failed), "action": failed.action.name}
    if failed.status is Status.BROKEN:
        return around.say("{stage}/{action} broke", **names)
    return around.say("{stage}/{action} failed", **names)
