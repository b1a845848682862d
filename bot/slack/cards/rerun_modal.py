"""The form of a rerun: it asks from which of its stages on a run is done again."""

from collections.abc import Mapping
from typing import Any

from bot.slack.blocks import Block, context
from bot.slack.cards.modals import ask_choice, chosen_in, metadata, modal
from bot.slack.marks import Say, code, joined, marked
from commands.printer import quoted
from runners.onward import repeatable, stopped_at
from storage.model.run import Status
from storage.model.view import RunView

RERUN = "estiva_rerun"
STAGE = "stage"
"""Id of the block in which the stage is chosen."""
_LONGEST = 150


def rerun_stages(view: RunView) -> list[str]:
    """List the stages that the form can offer: a longer name would be cut, and then be another one."""
    return [name for name in repeatable(view) if len(name) <= _LONGEST]


def rerun_modal(view: RunView, say: Say, *, channel: str, thread: str | None, message: str | None) -> Block:
    """Ask for the stage; the one that stopped the run is chosen already."""
    run, stopped = view.run.id, stopped_at(view) if view.status is not Status.SUCCEEDED else None
    carried = {"channel": channel, "thread": thread, "message": message, "run": run}
    told = marked(say, "Earlier stages are not done again: what they have made is used.")
    first = stopped.stage.name if stopped else None
    blocks = [
        context(joined([code(run), told], " · ")),
        ask_choice(STAGE, say("From which stage"), rerun_stages(view), first=first, empty=say("Choose")),
    ]
    return modal(RERUN, blocks, say, title=say("Rerun"), submit=say("Rerun"), carried=carried)


def rerun_command(view: Mapping[str, Any]) -> str:
    """Make the command's text out of a submitted form."""
    return f"rerun {metadata(view).get('run', '')} from {quoted(chosen_in(view, STAGE))}"
