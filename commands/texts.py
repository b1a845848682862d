"""The words people read, by language: English message ids, translated through gettext catalogs.

Values are put in by replacing `{name}`; what comes from chat, repositories or logs is only ever a value,
never a message id, so nothing foreign is interpreted.
"""

import gettext
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

LOCALES = Path(__file__).parent / "locale"
DEFAULT = "en"

_FIELD = re.compile(r"\{(\w+)\}")


@cache
def _catalog(language: str) -> gettext.NullTranslations:
    return gettext.translation("estiva", LOCALES, languages=[language.replace("-", "_")], fallback=True)


def phrase(language: str, message: str, **values: object) -> str:
    """Say a message in a language (`en`, `pt_BR`), with its `{named}` fields filled in.

    Falls back to English where no translation exists.
    """
    text = _catalog(language).gettext(message)
    return _FIELD.sub(lambda field: str(values[field[1]]) if field[1] in values else field[0], text)


def listing(language: str, names: Iterable[str], last: str = "or") -> str:
    """Join names as a sentence does: `a, b or c`."""
    every = list(names)
    if len(every) < 2:  # noqa: PLR2004 - one name needs no joining word
        return "".join(every)
    return f"{', '.join(every[:-1])} {phrase(language, last)} {every[-1]}"
