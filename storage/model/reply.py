"""What is answered: words, and what can be asked next. The bot turns it into Slack's blocks."""

from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """How a request ended."""

    DONE = "done"
    """Answered: status, logs, help, or an act that is complete (a cancel, an approval)."""
    STARTED = "started"
    """A run was opened; the run's own messages follow."""
    ASK = "ask"
    """Something is missing or ambiguous; nothing was started."""
    REFUSED = "refused"
    """Not allowed, or not possible now; nothing was started."""
    BROKEN = "broken"
    """Estiva itself went wrong."""


class Style(StrEnum):
    """How a button looks."""

    PLAIN = "plain"
    PRIMARY = "primary"
    DANGER = "danger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A next command that the person may choose; becomes a button."""

    label: str
    command: str
    """The text that a click on it asks: `retry hello-12`. Empty: it asks nothing, and puts the question away."""
    style: Style = Style.PLAIN
    confirm: str | None = None
    """Question of the confirm dialog, when one is to be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of plain text under a header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A text file that goes with a reply."""

    name: str
    text: str
    of: str = ""
    """What of the reply's run it is, when that is shared in the run's own thread anyway: `log/test/unit`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to one request. All strings are plain text: the bot escapes them."""

    verdict: Verdict
    text: str
    """The point, in one or a few lines. Back-ticks mark code; `*` marks bold; nothing else is markup."""
    table: Table | None = None
    excerpt: tuple[str, ...] = ()
    """Log lines to show in a code block."""
    attachment: Attachment | None = None
    offers: tuple[Offer, ...] = ()
    run: str | None = None
    """The run that this is about, when there is one."""
    private: bool = False
    """Only the asker sees it (refusals, help); never for what matters to the record."""
    extra: dict[str, str] = field(default_factory=dict)
