"""What became of an environment that a failed run had to put back."""

from bot.slack.cards.run_card import short
from bot.slack.cards.shown import Surroundings
from bot.slack.marks import Mark, code, escape_within, marked
from commands.texts import later
from storage.model import artifact
from storage.model.release import Release
from storage.model.run import Status
from storage.model.view import RunView

_BACK = later("{environment} runs again what ran there before: {what} of {run}")
_STUCK = later("{environment} could not be put back to {what} of {run}: look at what runs there now")


def restored(view: RunView, around: Surroundings) -> list[Mark]:
    """Say it in one line for each environment; nothing for a run that had nothing to put back."""
    return [
        marked(
            around.say,
            _BACK if stage.status is Status.SUCCEEDED else _STUCK,
            environment=escape_within(stage.stage.environment or "", 100),
            what=_what(stage.restoring.release),
            run=code(stage.restoring.release.run),
        )
        for stage in view.stages
        if stage.restoring
    ]


def _what(release: Release) -> Mark:
    return code(artifact.short(release.commit)) if release.commit else short(release.digest)
