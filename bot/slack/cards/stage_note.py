"""The line in the run's thread that a finished stage leaves behind."""

from bot.slack import blocks as kit
from bot.slack.blocks import Block
from bot.slack.cards.details import listed
from bot.slack.cards.shown import Surroundings
from bot.slack.cards.titles import action_title
from bot.slack.marks import Mark, escape_within, joined, marked
from commands.times import span
from storage.model.view import ActionView, RunView, StageView


def stage_note(view: RunView, stage: StageView, around: Surroundings) -> tuple[list[Block], Mark]:
    """Draw a finished stage. Gives the blocks and the text that notifications read out."""
    starts = [a.started_at for a in stage.actions if a.started_at]
    ends = [a.ended_at for a in stage.actions if a.ended_at]
    took = span(min(starts, default=None), max(ends, default=None)) or "0 s"
    text = marked(around.say, "*{stage}* done in {took}", stage=stage.stage.name, took=took)
    service = view.run.plan.service.name
    lines = [_line(action, around, service) for action in stage.actions[:20]]
    details = [around.words(line) for action in stage.actions for line in action.details]
    return [kit.section(joined([text, *lines])), *map(kit.section, listed(details, around.say))], text


def _line(action: ActionView, around: Surroundings, service: str) -> Mark:
    parts = [escape_within(action_title(action, around.say, service), 150)]
    if action.summary:
        parts.append(escape_within(around.words(action.summary), 300))
    return Mark("• " + joined(parts, ": "))
