"""What the requester of a run hears that had to wait for an environment, once it is its turn."""

from bot.slack import blocks as kit
from bot.slack.blocks import Block
from bot.slack.cards.shown import Surroundings
from bot.slack.marks import Mark, marked
from storage.model.view import RunView


def turn(view: RunView, environment: str, around: Surroundings) -> tuple[list[Block], Mark]:
    """Draw the call. Gives the blocks and the text that notifications read out."""
    text = marked(
        around.say,
        "{who} *{run}*: it is your turn in {environment}",
        who=around.requester(view.run.requester),
        run=view.run.id,
        environment=environment,
    )
    return [kit.section(text)], text
