"""What a message is, before its words are read: who is the verb, is it asked or told, is it a yes or a no."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from commands.little import ARTICLES, NEGATING, OPENING, REQUESTS, TELLING, Role, phrase_at, refuses
from commands.matcher import is_mention
from commands.tokens import REASONS, Token
from commands.words import Words, nearest

_LATEST = 12
"""A verb that comes later than this many words does not begin a command."""
_YES = frozenset({"true", "yes", "sim", "1"})
_APART = 6
"""The second word of a verb comes at most this many after the first: `roll the api back`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One word of the message as the verb of a command."""

    command: str
    said: tuple[Token, ...]
    """The words around the verb, without those that only introduce it."""
    verb_at: int
    """How many of them stand before the verb."""
    verb: str
    """As it was said."""
    at: int = 0
    """Where it stands in the whole message."""
    meant: str = ""
    """Where that is no verb: the one that it may have been meant to be."""
    doubtful: bool = False
    """It takes a courtesy for a name: `hello rollback ...`, where a service is called hello."""
    forced: bool = False
    """The verb carries a `!`."""
    noun: bool = False
    """It is talked about (`the deploy`), not asked for (`deploy`, `do a deploy`)."""
    first: bool = True
    """Nothing but little words stands before the verb."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A message as a whole."""

    calls: tuple[Call, ...]
    """Every way to see a verb in it, the likeliest first."""
    guesses: tuple[Call, ...]
    """Where no verb is in it: those that its first word may have been meant to be."""
    asks: bool
    """It is a question, not a request in the form of one."""
    shows: bool
    """It asks to see something."""
    negated: bool
    said: tuple[Token, ...]
    before_reason: tuple[Token, ...]
    """What is said, without somebody's reason for it."""
    quoted: bool = False
    """All of it stands in quotes."""


def read(said: tuple[Token, ...], words: Words) -> Sentence:
    """Look at the words of a message."""
    said, forced = _unforced(said)
    said = _together(said, words)
    opening = _Opening(said, words)
    before = said[: _before_reason(said)]
    calls = tuple(replace(call, forced=call.forced or forced) for call in opening.calls())
    return Sentence(
        calls=calls,
        guesses=() if any(call.first for call in calls) else tuple(opening.guesses()),
        asks=_asks_whether(before)
        or Role.QUESTION in opening.roles
        or (not opening.requests and any(map(_is_asked, (*before, said[-1])))),
        shows=Role.SHOW in opening.roles,
        negated=any(not token.quoted and phrase_at(NEGATING, before, at) for at, token in enumerate(before))
        or any(map(refuses, before)),
        said=said,
        before_reason=before,
    )


def _unforced(said: tuple[Token, ...]) -> tuple[tuple[Token, ...], bool]:
    """Take out `--force` or `force=true`, which say what `!` says on a verb; not out of a reason."""
    for at in range(_before_reason(said)):
        length = _force_at(said, at)
        if length and len(said) > length:
            return said[:at] + said[at + length :], True
    return said, False


def _force_at(said: Sequence[Token], at: int) -> int:
    """Give of how many words the flag is that stands here; 0 for none."""
    token = said[at]
    if token.quoted or token.folded.lstrip("-") not in ("force", "force="):
        return 0
    if token.folded.endswith("="):
        return 2 if at + 1 < len(said) and said[at + 1].folded in _YES else 0
    return 1 if token.text.startswith("--") else 0


def _together(said: tuple[Token, ...], words: Words) -> tuple[Token, ...]:
    """Put the second word of a verb beside its first, where others stand between: `roll the api back`."""
    end = _before_reason(said)
    for at in range(end - 2):
        if words.verb_at(said, at) is None:
            for far in range(at + 2, min(end, at + _APART)):
                found = words.verb_at((said[at], said[far]), 0)
                both = found is not None and found[1] == 2  # noqa: PLR2004 - both words
                if both and words.verb_at(said, far) is None:  # not `i want to approve`
                    return (*said[: at + 1], said[far], *said[at + 1 : far], *said[far + 1 :])
    return said


def _before_reason(said: Sequence[Token]) -> int:
    """Give where somebody's reason begins, or the end."""
    return next((at for at, token in enumerate(said) if at and token.folded in REASONS), len(said))


def tells(said: Sequence[Token]) -> bool:
    """Tell whether words tell of something: `was`, `quebrou`."""
    return any(phrase_at(TELLING, said, at) for at in range(len(said)))


def _is_asked(token: Token) -> bool:
    return not token.quoted and token.text.rstrip(")!.,").endswith("?")


def _asks_whether(said: Sequence[Token]) -> bool:
    """Tell whether a request asks if it is time: `já pode subir`; `pode já subir` does not."""
    after = (at + 1 for at, token in enumerate(said[:-1]) if token.folded == "ja" and not token.quoted)
    return any((phrase_at(OPENING, said, at) or (None, 0))[0] in REQUESTS for at in after)


class _Opening:
    """The little words before the verb, or before the first word that is none."""

    def __init__(self, said: tuple[Token, ...], words: Words) -> None:
        self._said = said
        self._words = words
        self.roles: set[Role] = set()
        self.end = 0
        self._greeting: int | None = None
        """Where a courtesy stands that is also a name."""
        self._before: Role | None = None
        """What stands right before an article."""
        self._article = False
        self._go()
        self.requests = not self.roles.isdisjoint(REQUESTS)

    def _go(self) -> None:
        while self.end < len(self._said):
            token = self._said[self.end]
            found = None if token.quoted else phrase_at(OPENING, self._said, self.end)
            verb = self._words.verb_at(self._said, self.end)
            if verb is not None and not (found and self._introduces(found, verb[1])):
                return
            if found is not None and self._words.is_name(token):
                if token.text.endswith(":"):
                    return
                self._greeting = self.end if self._greeting is None else self._greeting
            if found is not None:
                self._before, self._article = found[0], False
                self.roles.add(found[0])
                self.end = found[1]
            elif not token.quoted and token.folded in ARTICLES:
                self._article = True
                self.end += 1
            elif token.silent or is_mention(token):
                self.end += 1
            else:
                return

    def _introduces(self, found: tuple[Role, int], end: int) -> bool:
        """Tell whether a verb that ends there is only a little phrase, or begins one: `show the status`, `send me`."""
        role, at = found
        if role is Role.SHOW and at > end:
            return True  # `send me api`, which is not `send api`
        if end > at or role is Role.QUESTION:
            return False
        while at < len(self._said) and self._said[at].folded in ARTICLES:
            at += 1
        return at < len(self._said) and self._words.verb_at(self._said, at) is not None

    def calls(self) -> Iterator[Call]:
        first = self._call(self.end, before=self.end) if self.end < len(self._said) else None
        if first is not None:
            yield first
        start = self._start()
        for at in range(max(self.end, start) + 1, min(len(self._said), _LATEST)):
            call = self._call(at, before=start)
            if call is not None:
                yield call
        if first is not None and self._greeting is not None:
            named = self._call(self.end, before=self._greeting)
            if named is not None:
                yield replace(named, doubtful=True, noun=False)

    def _start(self) -> int:
        """Where words that belong to a later verb may begin: an article belongs to the word behind it."""
        start = self.end
        while start and self._said[start - 1].folded in ARTICLES:
            start -= 1
        return start

    def _call(self, at: int, *, before: int) -> Call | None:
        verb = self._words.verb_at(self._said, at)
        if verb is None:
            return None
        name, end = verb
        around, noun = self._introduced(before, at)
        said = self._said[before:around] + self._said[end:]
        text = self._said[end - 1].text
        return Call(
            command=name,
            said=said,
            verb_at=around - before,
            verb=" ".join(token.text for token in self._said[at:end]),
            at=at,
            forced=text.endswith("!") and end < len(self._said),
            noun=noun,
            first=at == self.end,
        )

    def _introduced(self, before: int, at: int) -> tuple[int, bool]:
        """Leave out what introduces the verb; tell whether it makes it a thing that is talked about."""
        if at == self.end and before == at:
            return before, self._article and self._before is not Role.LIGHT
        start, article = at, False
        while start > before and self._said[start - 1].folded in ARTICLES:
            start, article = start - 1, True
        light = start > before and (phrase_at(OPENING, self._said, start - 1) or (None, 0))[0] is Role.LIGHT
        topic = before < len(self._said) and self._said[before].folded in ARTICLES
        return (start - 1 if light else start), (article and not light) or topic

    def guesses(self) -> Iterator[Call]:
        """See what the first word that is no little one may have been meant to be."""
        if self.end >= len(self._said) or self._said[self.end].quoted or self._article:
            return
        token = self._said[self.end]
        if _is_form(token.folded):
            return
        near: dict[str, str] = {}
        for verb in nearest(token.word, self._words.verbs):
            near.setdefault(self._words.verbs[verb], verb)
        for command, verb in near.items():
            yield Call(
                command=command,
                said=self._said[self.end + 1 :],
                verb_at=0,
                verb=token.word,
                meant=verb,
                forced=token.text.endswith("!") and len(self._said) > self.end + 1,
            )


def _is_form(word: str) -> bool:
    """Tell whether a word is a form that tells: `deployed`, `deploying`, `deployado`, `subindo`, `pediu`."""
    return word.endswith(("ed", "ing", "ado", "ando", "endo", "indo", "ou", "iu", "eu", "ram", "ment"))
