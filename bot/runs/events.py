"""What happened in a run, one sentence a fact."""

from bot.slack.cards.shown import Surroundings
from bot.slack.marks import cut
from commands.texts import later
from storage.model.event import Event, Kind
from storage.model.worded import text_of

_LONGEST = 300
_SAID = {
    Kind.RUN_REQUESTED: later("asked for: {text}"),
    Kind.QUEUED: later("waits for {environment} behind {holder}, number {position}"),
    Kind.LOCK_TAKEN: later("has {environment} for itself"),
    Kind.GATE_WAITING: later("waits before {stage}: {gate}"),
    Kind.GATE_OPENED: later("goes on to {stage}: {gate}"),
    Kind.STAGE_STARTED: later("{stage} began"),
    Kind.ACTION_STARTED: later("{stage}/{action} began, attempt {attempt}"),
    Kind.ACTION_PROGRESSED: later("{stage}/{action}: {progress}"),
    Kind.ACTION_SUCCEEDED: later("{stage}/{action} succeeded: {summary}"),
    Kind.ACTION_FAILED: later("{stage}/{action} failed: {reason}"),
    Kind.ACTION_CANCELLED: later("{stage}/{action} stopped: {reason}"),
    Kind.ACTION_BROKEN: later("{stage}/{action} broke: {reason}"),
    Kind.APPROVAL_REQUESTED: later("approval asked for {environment}"),
    Kind.APPROVAL_GIVEN: later("approved"),
    Kind.APPROVAL_WITHDRAWN: later("took the approval back"),
    Kind.APPROVAL_REMINDED: later("the approvers were reminded"),
    Kind.APPROVAL_ESCALATED: later("more people may approve now"),
    Kind.GLASS_BROKEN: later("released without the approval of others: {reason}"),
    Kind.ROLLBACK_STARTED: later("{environment} is put back, because {stage}/{action} failed"),
    Kind.APPROVED: later("approval complete"),
    Kind.REJECTED: later("rejected: {reason}"),
    Kind.APPROVAL_EXPIRED: later("nobody approved in time"),
    Kind.APPROVAL_DENIED: later("may not approve: {reason}"),
    Kind.PAUSED: later("paused"),
    Kind.RESUMED: later("resumed"),
    Kind.CANCEL_REQUESTED: later("asked to cancel"),
    Kind.RELEASED: later("{environment} now runs {digest}"),
    Kind.RUN_ENDED: later("ended {status}: {reason}"),
}
_GATES = (later("pause"), later("window"), later("lock"))
"""What the values of a gate are called."""
_DENIED = {
    "requester": later("asked for it"),
    "author": later("wrote one of the commits"),
    "unknown_authors": later("the authors are not known"),
    "no_addresses": later("has no e-mail address in the catalog"),
    "not_asked": later("is not asked there"),
    "no_grant": later("has no right to"),
    "unknown_person": later("is not in the catalog"),
    "message": later("the message asks no more"),
    "changed": later("it has changed since"),
}
"""What the trail calls in one word why somebody may not approve."""


def sentence(event: Event, around: Surroundings) -> str:
    """Say what happened; a fact that has no words here is called by its kind."""
    message = _SAID.get(event.kind)
    if message is None:
        return event.kind.value.replace("_", " ")
    values = {
        name: around.words(text_of(event.data, name))
        for name, value in event.data.items()
        if not isinstance(value, dict | list)
    }
    missing = dict.fromkeys(("text", "summary", "reason", "holder", "position", "attempt", "digest"), "")
    for name in ("status", "gate"):
        values[name] = around.say(values[name]) if values.get(name) else ""
    if event.kind is Kind.APPROVAL_DENIED:
        why = values.get("reason", "")
        values["reason"] = around.say(_DENIED.get(why, why))
    said = around.say(message, **{**missing, **values}).strip(" :")
    for user, name in around.names.items():
        said = said.replace(user, name)
    return cut(said, _LONGEST)


def actor(event: Event, around: Surroundings) -> str:
    """Say who did it."""
    by = event.data.get("by")
    return around.name(by if isinstance(by, str) and by else event.actor)
