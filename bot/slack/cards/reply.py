"""What commands answer, drawn: words, a table, log lines, and next commands as buttons."""

from bot.slack import blocks as kit
from bot.slack.blocks import Block
from bot.slack.marks import Mark, Say, code_block, cut_mark, joined, marked, moment
from commands.texts import several
from storage.model.moment import pieces
from storage.model.reply import Offer, Reply

_PART = 2900
DROP = "drop"
"""Action of the button that asks nothing: the question that it stands under goes."""


def reply(answer: Reply, say: Say) -> tuple[list[Block], Mark]:
    """Draw a reply. Gives the blocks and the text that notifications read out."""
    text = told(say, answer.text)
    words = _paragraphs(text)
    shown = [kit.section(code_block(answer.excerpt))] if answer.excerpt else []
    offers = kit.actions([_offer(number, offer, say) for number, offer in enumerate(answer.offers)])
    short = [kit.section(cut_mark(text, _PART))]
    return kit.first_fitting(
        [*words, *_table(answer, say, 9000), *shown, *offers],
        [*short, *_table(answer, say, 4000), *shown, *offers],
        [*short, *offers[:1]],
        short,
    ), text


def told(say: Say, text: str) -> Mark:
    """Escape an answer; moments in it are shown by the reader's clock."""
    return joined((part if isinstance(part, str) else moment(say, part) for part in pieces(text)), "")


def _paragraphs(text: Mark) -> list[Block]:
    """Split at line ends into as few sections as hold the whole text."""
    parts: list[str] = [""]
    for line in text.split("\n"):
        safe = cut_mark(Mark(line), _PART)
        if len(parts[-1]) + len(safe) + 1 > _PART:
            parts.append("")
        parts[-1] += ("\n" if parts[-1] else "") + safe
    return [kit.section(Mark(part)) for part in parts if part.strip()] or [kit.section(Mark("…"))]


def _table(answer: Reply, say: Say, room: int) -> list[Block]:
    if answer.table is None:
        return []
    drawn, missing = kit.table(answer.table.header, answer.table.rows, say, room)
    if not missing:
        return [drawn]
    rest = several("{count} more row is not shown", "{count} more rows are not shown")
    return [drawn, kit.context(marked(say, rest, count=missing))]


def _offer(number: int, offer: Offer, say: Say) -> Block:
    if not offer.command:
        return kit.button(offer.label, f"{DROP}.{number}", "")
    asks = kit.confirm(offer.label, offer.confirm, offer.label, say("Not Now")) if offer.confirm is not None else None
    return kit.button(offer.label, f"offer.{number}", offer.command, style=offer.style, asks=asks)
