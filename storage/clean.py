"""What may be kept of a text or of JSON: no secrets, and nothing that a database cannot store."""

import re

from storage.model.catalog import Json
from storage.redact import Redactor

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""NUL, which PostgreSQL refuses, and halves of surrogate pairs, which UTF-8 refuses."""


class Cleaner:
    """Masks secrets and replaces what cannot be stored, in texts and inside JSON."""

    def __init__(self, redactor: Redactor) -> None:
        """Take what knows the secrets."""
        self._redactor = redactor

    def text(self, text: str) -> str:
        """Clean one text."""
        return storable(self._redactor.redact(text))

    def json(self, value: Json) -> Json:
        """Clean all texts in a JSON value, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.json(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self.json(item) for key, item in value.items()}
        return value


def storable(text: str) -> str:
    """Replace NUL and lone surrogates by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)
