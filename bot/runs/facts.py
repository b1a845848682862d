"""A run and its graph as plain data, for programs; and the words of its head, for people."""

from collections.abc import Sequence
from datetime import datetime

from bot.runs.graph import Column
from bot.runs.waits import Node, given
from bot.slack.cards.shown import Surroundings
from commands.assignments import written
from storage.model import artifact
from storage.model.catalog import Json
from storage.model.moment import spelled, token
from storage.model.view import RunView


def head(view: RunView, around: Surroundings) -> tuple[str, ...]:
    """Say who asked when for what, one thing each; moments stand in it as in the notes of a node."""
    made, run, say = view.artifacts, view.run, around.say
    commit = f"{artifact.short(made.get(artifact.COMMIT, ''))} {made.get(artifact.SUBJECT, '')}".strip()
    author = say("by {author}", author=made[artifact.AUTHOR]) if made.get(artifact.AUTHOR) else ""
    return given(
        say("Asked by {who}", who=around.name(run.requester)),
        token(run.opened_at),
        run.plan.ref if not made.get(artifact.COMMIT, "").startswith(run.plan.ref or " ") else "",
        f"{commit} {author}".strip(),
        say("With {variables}", variables=written(run.plan.given)) if run.plan.given else "",
    )


def facts(view: RunView, columns: Sequence[Column]) -> dict[str, Json]:
    """Give everything that is drawn."""
    run = view.run
    return {
        "run": run.id,
        "service": run.plan.service.name,
        "environment": run.plan.environment.name,
        "trigger": run.plan.trigger.value,
        "ref": run.plan.ref,
        "status": view.status.value,
        "reason": view.reason,
        "requester": run.requester,
        "opened_at": _iso(run.opened_at),
        "ended_at": _iso(view.ended_at),
        "queue": None
        if view.queue_position is None
        else {
            "environment": view.queue_environment,
            "position": view.queue_position,
            "holder": view.queue_holder,
        },
        "stages": [_column(column) for column in columns],
    }


def _column(column: Column) -> Json:
    return {
        "name": column.name,
        "environment": column.environment or None,
        "status": column.status.value,
        "skipped": column.skipped,
        "steps": [[_node(node) for node in step] for step in column.steps],
    }


def _node(node: Node) -> Json:
    return {
        "name": node.name,
        "title": node.title,
        "status": node.status.value,
        "skipped": node.skipped,
        "attempt": node.attempt,
        "started_at": _iso(node.started_at),
        "ended_at": _iso(node.ended_at),
        "notes": [spelled(note, _utc) for note in node.all_notes],
        "cause": node.cause or None,
        "hint": node.hint or None,
        "waits": node.log is None and node.attempt == 0 and node.status.value == "waiting",
    }


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
