"""Text that Slack reads as mrkdwn: one escape function, and a type that says it was applied."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime

from commands.times import written

Say = Callable[..., str]
"""`phrase` with its language already chosen: `say("Deployed {service}", service="hello")`."""

BY_THE_CLOCK = "{date_num} {time}"
"""How Slack is to write a moment: in figures, as it puts names of days and months into the language of each reader."""
ELLIPSIS = "…"
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_USER = re.compile(r"[UW][A-Z0-9]{2,30}")
_TORN = re.compile(r"(&[a-z]{0,4}|<[^<>]*)$")


class Mark(str):
    """Mrkdwn that is already safe; `escape` leaves it alone."""

    __slots__ = ()


def clean(value: object) -> str:
    """Take out what no person can see: control characters, direction overrides, halves of characters."""
    return _UNSEEN.sub("\ufffd", str(value))


def cut(value: object, limit: int) -> str:
    """Give plain text of at most `limit` characters; an ellipsis says that some is missing."""
    text = clean(value)
    return text if len(text) <= limit else text[: limit - 1] + ELLIPSIS


def escape(value: object) -> Mark:
    """Make foreign text harmless in mrkdwn: no mention, no link, no channel call comes out of it."""
    if isinstance(value, Mark):
        return value
    return Mark(clean(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def escape_within(value: object, limit: int) -> Mark:
    """Escape as much of a text as fits into `limit` characters of mrkdwn."""
    whole = escape(clean(value)[: limit + 1])
    return cut_mark(whole, limit)


def cut_mark(mark: Mark, limit: int) -> Mark:
    """Shorten mrkdwn without tearing an entity or a mention in two."""
    if len(mark) <= limit:
        return mark
    return Mark(_TORN.sub("", mark[: limit - 1]) + ELLIPSIS)


def marked(say: Say, message: str, **values: object) -> Mark:
    """Say one of our own messages (it may carry markup) with every value escaped."""
    return Mark(say(message, **{name: escape(value) for name, value in values.items()}))


def joined(parts: Iterable[object], between: str = "\n") -> Mark:
    """Join texts into one piece of mrkdwn, escaping what is not mrkdwn yet."""
    return Mark(between.join(escape(part) for part in parts))


def mention(user: str) -> Mark:
    """Mention somebody by id. Anything that is no id is shown as text."""
    return Mark(f"<@{user}>") if is_user(user) else escape(user)


def link(address: str, label: str) -> Mark:
    """Link to an address of our own making; without one only the label is said."""
    return Mark(f"<{escape(address)}|{escape(label)}>") if address else escape(label)


def is_user(text: str) -> bool:
    """Tell whether something is the id of a Slack user."""
    return _USER.fullmatch(text) is not None


def code(value: object, limit: int = 300) -> Mark:
    """Show a short foreign text as code that it cannot break out of."""
    text = " ".join(cut(value, limit).replace("`", "'").split()) or " "
    return Mark(f"`{escape(text)}`")


def code_block(lines: Iterable[str], limit: int = 2500) -> Mark:
    """Show the last lines that fit, within `limit` characters, in a block that they cannot break out of."""
    kept: list[str] = []
    room = limit - len("```\n\n```")
    for line in reversed([*lines]):
        safe = escape_within(line.replace("```", "'''"), 500)
        room -= len(safe) + 1
        if room < 0:
            break
        kept.append(safe)
    return Mark("```\n" + ("\n".join(reversed(kept)) or " ") + "\n```")


def moment(say: Say, at: datetime) -> Mark:
    """Show a time in the reader's own time zone."""
    return Mark(f"<!date^{int(at.timestamp())}^{BY_THE_CLOCK}|{written(say, at)}>")
