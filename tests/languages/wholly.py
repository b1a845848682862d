"""What of a surface is not in Portuguese: read as people read it, without what is code or a name."""

import re
from typing import Any

from tests.stories.reading import texts

_WORDS = """
    about after again already and any are at be been before but by can cannot did does done for from has have
    here how if in is it its many may more most must never not nothing now of on once only open or other
    run runs since so some stage than that the their then there these they this to tried until up was waiting
    what when where which who why will with without would yet you your
"""
ENGLISH = frozenset(_WORDS.split())
"""Little words without which no English sentence is said; none of them is Portuguese too."""
_UNREAD = frozenset(
    {"type", "action_id", "block_id", "task_id", "value", "style", "format", "private_metadata", "callback_id"}
    | {"id", "hash", "app_id", "bot_id", "team_id", "root_view_id", "previous_view_id", "external_id", "ts", "user"}
)
_NOT_SAID = re.compile(r"```.*?```|`[^`]*`|<[^<>|]*\||<[^<>|]*>", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+(?:[-/.@][\w]+)*")


def english_in(surface: Any) -> list[str]:
    """Give the texts of a message or a view in which English is spoken."""
    return [text for text in texts(surface, _UNREAD) if _spoken(text)]


def _spoken(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(_NOT_SAID.sub(" ", text))} & ENGLISH
