"""The pipeline of a run as a graph: stages in series, in each stage steps, in each step nodes side by side.

A pure function of the run's view. It holds finished words and nothing that has to be looked up, so the terminal and
the page draw the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from bot.runs.signs import word
from bot.runs.unstarted import unstarted
from bot.runs.waits import Node, anchor, given, waits
from bot.slack.cards.shown import Surroundings
from bot.slack.cards.states import told
from bot.slack.cards.titles import action_title
from bot.slack.marks import clean
from commands.texts import several
from commands.times import span
from runners.cause import cause_in
from storage.model.run import Status
from storage.model.view import ActionView, RunView, StageView


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One stage."""

    name: str
    anchor: str
    """What its place on the page is called."""
    environment: str
    status: Status
    skipped: bool
    state: str
    """The status in a word."""
    took: str
    steps: tuple[tuple[Node, ...], ...]
    """One after the other; the nodes of a step go on side by side."""


@dataclass(frozen=True, slots=True)
class _Drawing:
    view: RunView
    around: Surroundings
    now: datetime

    def column(self, stage: StageView) -> Column:
        before = waits(self.view, stage, self.around, self.now)
        waiting = any(node.status is Status.WAITING for node in before)
        status = Status.WAITING if waiting else self._stopped(stage.status)
        skipped = self._skipped(stage.status)
        return Column(
            name=stage.stage.name,
            anchor=anchor(stage.stage.name),
            environment=stage.stage.environment or "",
            status=status,
            skipped=skipped,
            state=word(status, self.around.say, skipped=skipped),
            took=self._of_stage(stage),
            steps=tuple(
                tuple(self._told(node) for node in step)
                for step in (*((node,) for node in before), *self._steps(stage))
            ),
        )

    def _steps(self, stage: StageView) -> Iterator[tuple[Node, ...]]:
        ordered = sorted(stage.actions, key=lambda action: action.action.run_order)
        for _, actions in groupby(ordered, key=lambda action: action.action.run_order):
            yield tuple(self._action(stage, action) for action in actions)

    def _action(self, stage: StageView, action: ActionView) -> Node:
        now = replace(action, status=self._stopped(action.status))
        return Node(
            name=action.action.name,
            anchor=anchor(stage.stage.name, action.action.name),
            title=action_title(now, self.around.say, self.view.run.plan.service.name),
            status=now.status,
            skipped=self._skipped(action.status),
            took=self._took(action),
            notes=self._notes(action),
            reason=self.around.words(action.reason),
            cause=clean(cause_in(action.excerpt, action.reason)) if action.status is Status.FAILED else "",
            said_above=action is told(self.view),
            hint=self.around.words(action.hint),
            started_at=action.started_at,
            ended_at=action.ended_at,
            attempt=action.attempt,
            log=(stage.stage.name, action.action.name) if action.started_at else None,
        )

    def _told(self, node: Node) -> Node:
        """Call what was not begun so: what it would have done did not happen."""
        if not node.skipped:
            return node
        short = word(node.status, self.around.say, skipped=True)
        return replace(node, title=unstarted(self.view, self.around), short=short)

    def _stopped(self, status: Status) -> Status:
        """Nothing runs in a run that is over: what had begun has stopped."""
        return Status.CANCELLED if self.view.status.over and status is Status.RUNNING else status

    def _skipped(self, status: Status) -> bool:
        return self.view.status.over and status is Status.REQUESTED

    def _notes(self, action: ActionView) -> tuple[str, ...]:
        say = self.around.say
        tries = ""
        if action.attempt > 1:
            most = max(action.action.attempts, action.attempt)
            tries = say("attempt {attempt} of {most}", attempt=action.attempt, most=most)
        going_on = action.progress if action.status is Status.RUNNING else ""
        return given(tries, "" if action.reason else self.around.words(action.summary or going_on))

    def _took(self, action: ActionView) -> str:
        over = action.ended_at or self.view.ended_at
        return span(action.started_at, over if action.status.over or self.view.status.over else self.now)

    def _of_stage(self, stage: StageView) -> str:
        begun = [action.started_at for action in stage.actions if action.started_at]
        ended = [action.ended_at for action in stage.actions if action.ended_at]
        if not begun:
            return ""
        end = max(ended, default=None) if stage.status.over else None
        return span(min(begun), end or self.view.ended_at or self.now)


def graph(view: RunView, around: Surroundings, now: datetime) -> tuple[Column, ...]:
    """Draw a run. `now` is how long what still goes on has gone on."""
    drawing = _Drawing(view, around, now)
    return tuple(drawing.column(stage) for stage in view.stages)


def counted(columns: Sequence[Column], around: Surroundings) -> str:
    """Say how much of the pipeline is done: `5 of 7 steps done`."""
    nodes = [node for column in columns for step in column.steps for node in step]
    done = sum(node.status is Status.SUCCEEDED for node in nodes)
    return around.say(
        several("{done} of {count} step done", "{done} of {count} steps done"), count=len(nodes), done=done
    )
