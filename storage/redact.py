"""Mask secrets in text: those that are known, in every form they take, and those that look like one."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from storage.patterns import KEY_BEGIN, KEY_END, mask_patterns

MASK = "***"
_SHORTEST = 4
_LONGEST_KEY = 200
"""Lines after which a private key that has not ended is taken to be none: the rest of the log is wanted."""
_SHORTEST_CORE = 8
"""Encoded fragments shorter than this also appear in text that is no secret."""


class Redactor:
    """Masks a fixed set of known secrets, and whatever looks like a token, a private key or a password."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Take the known secrets; those under 4 characters are left alone."""
        known = {form for secret in secrets for form in _forms(secret)}
        # the longest first: a secret may begin with another
        self._forms = sorted(known, key=lambda form: (-len(form), form))
        self._exact = re.compile("|".join(re.escape(form) for form in self._forms)) if self._forms else None

    def redact(self, text: str) -> str:
        """Give the text with every secret replaced by `***`; a text without one is returned as it is."""
        return mask_patterns(self._known(text), MASK)

    def stream(self) -> "Stream":
        """Begin a text that comes in pieces of whole lines."""
        return Stream(self)

    def _known(self, text: str) -> str:
        if self._exact is None or not any(form in text for form in self._forms):
            return text
        return self._exact.sub(MASK, text)


class Stream:
    """Redacts lines as they come; remembers a private key that has begun and not ended."""

    def __init__(self, redactor: Redactor) -> None:
        """Begin outside of any key."""
        self._redactor = redactor
        self._key_lines = 0

    def redact(self, lines: list[str]) -> list[str]:
        """Redact the next lines: as many come out as went in."""
        text = "\n".join(lines)
        if self._key_lines or KEY_BEGIN.search(text):
            return [self._redactor.redact(line) for line in self._without_keys(lines)]
        masked = self._redactor.redact(text).split("\n")
        # a secret with a line break in it is masked across lines; then line by line keeps the count
        return masked if len(masked) == len(lines) else [self._redactor.redact(line) for line in lines]

    def _without_keys(self, lines: list[str]) -> Iterator[str]:
        for line in lines:
            begins, ends = KEY_BEGIN.search(line), KEY_END.search(line)
            if begins is not None:
                self._key_lines = _LONGEST_KEY
            yield MASK if self._key_lines else line
            if ends is not None and not (begins is not None and begins.start() > ends.start()):
                self._key_lines = 0
            self._key_lines = max(0, self._key_lines - 1)


def _forms(secret: str) -> Iterator[str]:
    """Give the secret as written, its lines, and each as base64, hexadecimal, URL and JSON would show it."""
    for part in {secret, secret.strip(), *(line.strip() for line in secret.splitlines())}:
        if len(part) >= _SHORTEST:
            yield part
            yield from (quote(part, safe=""), quote(part), quote_plus(part))
            yield from (json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1])
            yield from _encoded(part.encode("utf-8", "surrogatepass"))


def _encoded(secret: bytes) -> Iterator[str]:
    yield from (secret.hex(), secret.hex().upper())
    yield base64.b64encode(secret).decode().rstrip("=")
    yield base64.urlsafe_b64encode(secret).decode().rstrip("=")
    for shift in (1, 2):
        # inside a longer text that was encoded as a whole, only the middle does not depend on the neighbours
        start, end = (2, 3)[shift - 1], (shift + len(secret)) % 3
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            core = encode(b"\0" * shift + secret).decode().rstrip("=")[start : -1 if end else None]
            if len(core) >= _SHORTEST_CORE:
                yield core
    if len(secret) % 3 and len(whole := base64.b64encode(secret).decode().rstrip("=")[:-1]) >= _SHORTEST_CORE:
        yield whole
