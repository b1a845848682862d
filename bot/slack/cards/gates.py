"""The gates of a stage other than people's approval, as tasks of the run's card."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.slack import blocks as kit
from bot.slack.blocks import Block
from bot.slack.cards.shown import Surroundings
from commands.times import written
from storage.model.gate import GateKind
from storage.model.view import StageView, WaitView
from storage.model.window import Window

_KINDS = (GateKind.PAUSE, GateKind.WINDOW)
"""In the order in which a run passes them."""


def gate_tasks(name: str, stage: StageView, around: Surroundings) -> list[Block]:
    """Draw one task for each gate that the stage has."""
    has = {GateKind.PAUSE: stage.stage.pause, GateKind.WINDOW: stage.stage.window is not None}
    return [_task(f"{name}.{kind}", kind, stage, around) for kind in _KINDS if has[kind]]


def _task(name: str, kind: GateKind, stage: StageView, around: Surroundings) -> Block:
    say, at = around.say, stage.wait.kind if stage.wait else None
    if at is kind:
        return kit.task(name, waiting_at(stage, around), "in_progress")
    if stage.begun or (at in _KINDS and _KINDS.index(kind) < _KINDS.index(at)):
        done = say("Resumed") if kind is GateKind.PAUSE else say("The window is open")
        return kit.task(name, done, "complete")
    window = stage.stage.window if kind is GateKind.WINDOW else None
    title = say("Wait for the window: {window}", window=hours(window)) if window else say("Wait to be resumed")
    return kit.task(name, title, "pending")


def waiting_at(stage: StageView, around: Surroundings) -> str:
    """Say what a stage waits for, with the time by the clocks of its window."""
    wait, window = stage.wait, stage.stage.window
    if wait is not None and wait.kind is GateKind.LOCK:
        return _kept_out(wait, stage, around)
    if wait is None or wait.opens_at is None or window is None:
        return around.say("Paused before {stage}", stage=stage.stage.name)
    return around.say("Waiting until {when} for {stage}", when=_by(window, wait.opens_at), stage=stage.stage.name)


def _kept_out(wait: WaitView, stage: StageView, around: Surroundings) -> str:
    say = around.say
    when = written(say, wait.opens_at) if wait.opens_at else ""
    until = say("until {when}", when=when) if when else say("until it is lifted")
    who = say("the catalog") if wait.by == "catalog" else around.name(wait.by)
    text = say("{stage} waits {until}: locked by {who}", stage=stage.stage.name, until=until, who=who)
    return f"{text} ({wait.reason})" if wait.reason else text


def hours(window: Window) -> str:
    """Write a window as the catalog does."""
    begins, ends = (f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (window.begins, window.ends))
    return f"{', '.join(window.days)} {begins}-{ends} {window.zone}"


def _by(window: Window, at: datetime) -> str:
    return f"{at.astimezone(ZoneInfo(window.zone)):%Y-%m-%d %H:%M} ({window.zone})"
