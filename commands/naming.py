"""People in what Estiva words: the sentence keeps the id of who did something, its reader is told their name."""

from collections.abc import Callable

from commands.texts import later
from storage.model.worded import in_words_of

BY = frozenset(
    (later("cancelled by {name}"), later("rejected by {name}"), later("rejected by {name}: {reason}")),
)
"""Messages whose `{name}` is the id of a person."""


def in_names_of(name: Callable[[str], str], say: Callable[..., str], text: str) -> str:
    """Say a text with `say`, which knows the language, and `name`, which knows people by their ids."""

    def naming(message: str, **values: object) -> str:
        who = {"name": name(str(values["name"]))} if message in BY else {}
        return say(message, **{**values, **who})

    return in_words_of(naming, text)
