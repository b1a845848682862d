"""Doing a run again: all of it, by a button; a stage or what follows one, behind three dots; which run does it."""

from collections.abc import Iterator

from bot.slack import blocks as kit
from bot.slack.blocks import Block
from bot.slack.cards.shown import Surroundings
from bot.slack.marks import Mark, Say, link, marked
from commands.printer import quoted
from commands.texts import later
from runners.onward import repeatable, stopped_at
from storage.model.reply import Style
from storage.model.run import Status
from storage.model.view import RunView

MORE = "more"
"""Action of the menu."""


def again(view: RunView, around: Surroundings, stage: str = "", *, log: bool = True) -> list[Block]:
    """Make the menu. `stage` is the one that did not succeed, when it is not the first; `log`: it leads to the log.

    While another run does this one again there is nothing else to do with it.
    """
    if around.again is not None and around.again.going_on:
        return kit.menu(MORE, _log(view, around.say) if log else ())
    return kit.menu(MORE, _choices(view, around.say, stage or _stopped(view), log=log))


def retry(view: RunView, around: Surroundings, style: Style = Style.PLAIN) -> list[Block]:
    """Make the button that begins a run anew; nothing once another run has done this one again."""
    if around.again is not None:
        return []
    return [kit.button(around.say("Retry from Start"), "retry", f"retry {view.run.id}", style=style)]


def again_line(view: RunView, around: Surroundings) -> list[Mark]:
    """Say which run does this one again, with the way to its thread; nothing when none does."""
    if around.again is None:
        return []
    said = later("Done again as {run}") if view.status is Status.SUCCEEDED else later("Tried again as {run}")
    return [marked(around.say, said, run=link(around.again.address, around.again.run))]


def _stopped(view: RunView) -> str:
    stopped = None if view.status is Status.SUCCEEDED else stopped_at(view)
    return stopped.stage.name if stopped else ""


def _choices(view: RunView, say: Say, stage: str, *, log: bool) -> Iterator[tuple[str, str]]:
    run, stages = view.run.id, repeatable(view)
    if stage in stages:
        yield say("Retry what did not succeed in {stage}", stage=stage), f"retry {run} failed stage {quoted(stage)}"
        yield say("Retry all of {stage}", stage=stage), f"retry {run} all stage {quoted(stage)}"
    if stages:
        yield say("Rerun from a stage…"), f"rerun {run}"
    if log:
        yield from _log(view, say)


def _log(view: RunView, say: Say) -> Iterator[tuple[str, str]]:
    """Offer the log of a run; one in which nothing was begun has none."""
    if any(action.started_at or action.ended_at for stage in view.stages for action in stage.actions):
        yield say("Full Log"), f"logs {view.run.id}"
