"""Little words that change what is said: a command that acts is then offered, not done.

What nobody knows is asked back by the matcher. Here it is about words that everybody knows and that the matcher may
pass over: they are courtesies in one sentence, and turn the next one into a no, a report, or a question to somebody
else. Each rule is one function; it holds for all commands and both languages.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from commands.book import book, loose_verbs
from commands.command import Command
from commands.little import (
    ABOUT,
    AGES,
    ARTICLES,
    NO,
    NOUNS,
    OF,
    ONE,
    OPENING,
    PASSING,
    PREPOSITIONS,
    Role,
    phrase_at,
    reports,
)
from commands.matcher import is_mention
from commands.reading import Values
from commands.sentence import Call, Sentence
from commands.texts import later
from commands.tokens import Token, fold
from commands.words import Words


class Doubt(StrEnum):
    """Why it is asked back, in words."""

    QUOTED = later("That stands in quotes, so I started nothing. Is it what you want?")
    NO = later("That may be a no, so I started nothing. Is it what you want?")
    SHOW = later("You ask to see something, so I started nothing. Is it one of these?")
    LOOSE = later("That can mean more than one thing, so I started nothing. Is it one of these?")
    REPORT = later("That may tell of something that is done already, so I started nothing. Is it what you want?")
    OTHERS = later("That may be said to somebody else, so I started nothing. Is it what you want from me?")
    AGE = later("Which release that is, I would have to guess, so I started nothing. Is it this?")
    PLACE = later("I am not sure where that is to go, so I started nothing. Is it this?")


@dataclass(frozen=True, slots=True)
class _Heard:
    """A command as it was understood, and the words that it was taken from."""

    sentence: Sentence
    call: Call
    arguments: Values
    words: Words

    @property
    def command(self) -> Command:
        return book()[self.call.command]

    @property
    def said(self) -> tuple[Token, ...]:
        return self.sentence.before_reason

    @property
    def at_stake(self) -> bool:
        """Tell whether it acts in production."""
        return self.words.is_production(self.arguments.get("environment", ""))

    def is_little(self, at: int) -> bool:
        """Tell whether a word is neither a name nor a value of the command."""
        token = self.said[at]
        return not token.quoted and not self.words.is_name(token) and token.word not in self.arguments.values()

    def little(self, after: int = 0) -> Iterator[tuple[int, Token]]:
        """Give the words that may be little ones, with their places."""
        yield from ((at, token) for at, token in enumerate(self.said) if at >= after and self.is_little(at))

    def roles(self) -> Iterator[tuple[int, Role]]:
        """Give what the little phrases do, with their places."""
        end = 0
        for at, _ in self.little():
            found = phrase_at(PASSING, self.said, at) or phrase_at(OPENING, self.said, at)
            if found is not None and at >= end:
                end = found[1]
                yield at, found[0]

    def is_environment(self, at: int) -> bool:
        """Tell whether an environment is named here."""
        return at < len(self.said) and self.words.read("environment", self.said[at].word) is not None

    def is_source(self, at: int) -> bool:
        """Tell whether the environment that is named here is where it comes from."""
        named = self.words.read("environment", self.said[at].word) or {}
        return "source" in self.arguments and named.get("") == self.arguments["source"]


def doubt(sentence: Sentence, call: Call, arguments: Values, words: Words) -> Doubt | None:
    """Give the first reason for which this is not to be done without asking; `None` when it is plainly said."""
    heard = _Heard(sentence, call, arguments, words)
    return next((why for why, holds in _RULES.items() if holds(heard)), None)


def _quoted(heard: _Heard) -> bool:
    return heard.sentence.quoted


def _no(heard: _Heard) -> bool:
    """`no api deploy`; but not `deploy api no homolog` nor `dá um deploy no api`, where it is `em o`."""
    return any(
        token.folded == NO and not (_leads_to_a_place(heard, at) or _leads_to_what_it_is_done_to(heard, at))
        for at, token in heard.little()
    )


def _leads_to_what_it_is_done_to(heard: _Heard, at: int) -> bool:
    """Tell whether this `no` stands right behind the verb, and that behind `um`: only Portuguese does a thing so."""
    call = heard.call
    behind = at == call.at + len(call.verb.split()) and call.at > 1
    if not behind or heard.said[call.at - 1].folded not in ONE:
        return False
    return (phrase_at(OPENING, heard.said, call.at - 2) or (None, 0))[0] is Role.LIGHT


def _leads_to_a_place(heard: _Heard, at: int) -> bool:
    """Tell whether this `no` is a preposition: before an environment, behind the verb or apart from it."""
    place = at + 1
    while place < len(heard.said) and _stands_before_a_place(heard.said[place]):
        place += 1
    if not heard.is_environment(place):
        return False
    if at > heard.call.at:
        return heard.said[at - 1].text[-1] not in ",;.:!?"
    apart = heard.said[place].text.endswith((",", ":")) or heard.said[place + 1].text == ","
    return apart and not heard.at_stake


def _stands_before_a_place(token: Token) -> bool:
    return token.folded in ARTICLES or token.folded in OF or token.folded in NOUNS["environment"]


def _shows(heard: _Heard) -> bool:
    """`show release of api`, `qual a release da api`."""
    return heard.sentence.shows


def _loose(heard: _Heard) -> bool:
    """`update me on api`; and nothing is done about something."""
    return fold(heard.call.verb) in loose_verbs(heard.call.command) or any(
        token.folded in ABOUT for _, token in heard.little()
    )


def _reports(heard: _Heard) -> bool:
    """`deploy of api ok`, `doing rollback of api`, `valeu, deploy da api`."""
    if any(map(reports, heard.said)):
        return True
    return any(
        role is Role.DOING or (role is Role.OK and at > heard.call.at) or (role is Role.THANKS and at < heard.call.at)
        for at, role in heard.roles()
    )


def _others(heard: _Heard) -> bool:
    """Somebody else may be meant: a decision is one's own, and production is never reached by a misunderstanding."""
    roles = [role for _, role in heard.roles()]
    asked = any(role in (Role.REQUEST, Role.OTHERS, Role.YOU) for role in roles)
    mentioned = [at for at, token in heard.little() if is_mention(token)]
    if heard.command.personal:
        return asked or Role.GROUP in roles or Role.FAVOUR in roles or bool(mentioned)
    called = any(at < heard.call.at for at in mentioned)
    return heard.at_stake and (Role.OTHERS in roles or (asked and called))


def _age(heard: _Heard) -> bool:
    """`deploy the latest api`, `sobe a nova api`."""
    return heard.command.brings and any(token.folded in AGES for _, token in heard.little())


def _place(heard: _Heard) -> bool:
    """`sobe a api de produção`, `deploy api as production`: it is there, or is to go there."""
    if not heard.command.brings:
        return False
    named = (at for at in range(1, len(heard.said)) if heard.is_environment(at) and not heard.is_source(at))
    return any(_is_vague(heard.said, at) for at in named)


def _is_vague(said: tuple[Token, ...], at: int) -> bool:
    """Tell whether only articles, or an `of`, lead to the environment that is named here."""
    before = at - 1
    while before >= 0 and said[before].folded in ARTICLES:
        before -= 1
    if before < 0:
        return at > 0
    token = said[before]
    if token.folded in PREPOSITIONS and before and said[before - 1].folded in ARTICLES:
        return True  # `as in production`
    if token.folded in OF:
        return not (before and said[before - 1].folded in NOUNS["environment"])
    return before < at - 1 and token.folded not in PREPOSITIONS and token.folded not in NOUNS["environment"]


_RULES: dict[Doubt, Callable[[_Heard], bool]] = {
    Doubt.QUOTED: _quoted,
    Doubt.NO: _no,
    Doubt.SHOW: _shows,
    Doubt.LOOSE: _loose,
    Doubt.REPORT: _reports,
    Doubt.OTHERS: _others,
    Doubt.AGE: _age,
    Doubt.PLACE: _place,
}
