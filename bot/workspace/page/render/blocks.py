"""The table of all blocks this page draws, and how a list of them becomes markup."""

from collections.abc import Callable

from markupsafe import Markup

from bot.workspace.page.render.form import actions, input_block
from bot.workspace.page.render.html import Json, join
from bot.workspace.page.render.layout import card, carousel, container
from bot.workspace.page.render.media import file_block, image_block
from bot.workspace.page.render.names import Names
from bot.workspace.page.render.plan import plan, task_card
from bot.workspace.page.render.rich_text import rich_text
from bot.workspace.page.render.table import table
from bot.workspace.page.render.text import alert, context, divider, header, markdown_block, section
from bot.workspace.page.render.unknown import unknown

MISSHAPEN = (AttributeError, IndexError, KeyError, TypeError, ValueError)


def blocks(given: object, names: Names) -> Markup:
    """Every block in order; a block that is unknown or has an unexpected shape becomes a folded box of JSON."""
    if not isinstance(given, (list, tuple)):
        return unknown(given, "Expected a list of blocks")
    return join(block(each, names) for each in given)


def block(given: object, names: Names) -> Markup:
    """One block."""
    draw = FAMILIES.get(str(given.get("type"))) if isinstance(given, dict) else None
    if draw is None or not isinstance(given, dict):
        return unknown(given)
    try:
        return draw(given, names)
    except MISSHAPEN as problem:
        return unknown(given, f"Not the expected shape: {type(problem).__name__} {problem}")


FAMILIES: dict[str, Callable[[Json, Names], Markup]] = {
    "actions": actions,
    "alert": alert,
    "card": card,
    "carousel": carousel,
    "container": lambda given, names: container(given, names, blocks),
    "context": context,
    "context_actions": actions,
    "divider": divider,
    "file": file_block,
    "header": header,
    "image": image_block,
    "input": input_block,
    "markdown": markdown_block,
    "plan": plan,
    "rich_text": rich_text,
    "section": section,
    "table": table,
    "task_card": task_card,
}
