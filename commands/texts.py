"""The words people read, by language: English message ids, translated through gettext catalogs.

Values are put in by replacing `{name}`; what comes from chat, repositories or logs is only ever a value,
never a message id, so nothing foreign is interpreted.

Every text stands as a literal where it is said: `say("...")`, `marked(say, "...")`, `phrase(language, "...")`. A text
that is chosen first and said later stands in `later("...")`; one that counts, in `several("...", "...")`. That is how
`commands.locale.extract` finds them.
"""

import gettext
import io
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

LOCALES = Path(__file__).parent / "locale"
DEFAULT = "en"
PORTUGUESE = "pt_BR"
LANGUAGES = (DEFAULT, PORTUGUESE)

_FIELD = re.compile(r"\{(\w+)\}")


class Several(str):
    """A message id that counts: itself for one, `many` for any other `{count}`."""

    __slots__ = ("many",)
    many: str


def several(one: str, many: str) -> Several:
    """Give a message id whose form depends on its `count` field: `say(several("{count} row", "{count} rows"), ...)`."""
    made = Several(one)
    made.many = many
    return made


def later(message: str) -> str:
    """Mark a message id that is said elsewhere, so that it is translated too."""
    return message


def language_for(locale: str, default: str = DEFAULT) -> str:
    """Choose the language for a locale as Slack names it (`pt-BR`, `en-GB`); `default` for one that we do not speak."""
    spoken = locale.replace("_", "-").partition("-")[0].lower()
    return next((language for language in LANGUAGES if language.partition("_")[0] == spoken), default)


@cache
def _catalog(language: str) -> gettext.NullTranslations:
    """Compile a catalog in memory when its language is first spoken: no build step, nothing to go stale."""
    source = LOCALES / language / "LC_MESSAGES" / "estiva.po"
    if language not in LANGUAGES or not source.exists():
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def phrase(language: str, message: str, **values: object) -> str:
    """Say a message in a language (`en`, `pt_BR`), with its `{named}` fields filled in.

    Falls back to English where no translation exists.
    """
    catalog = _catalog(language)
    if isinstance(message, Several):
        text = catalog.ngettext(message, message.many, int(str(values["count"])))
    else:
        text = catalog.gettext(message)
    return _FIELD.sub(lambda field: str(values[field[1]]) if field[1] in values else field[0], text)


def listing(language: str, names: Iterable[str]) -> str:
    """Join names as a sentence that lets choose does: `a, b or c`."""
    every = list(names)
    if len(every) < 2:  # noqa: PLR2004 - one name needs no joining word
        return "".join(every)
    return f"{', '.join(every[:-1])} {phrase(language, 'or')} {every[-1]}"
