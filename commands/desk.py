"""The desk: one request in, one reply out. Reads, decides, acts, and leaves a trace of every refusal."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Protocol

from commands.admission import admit
from commands.answers import TALK, Conversation, Unclear, Understood
from commands.book import book, verb_names
from commands.command import Asked, Command, Refused
from commands.directory import Directory, Groups
from commands.parser import parse
from commands.policy import knows
from commands.reworded import reworded
from commands.several import all_of, part_of
from commands.texts import DEFAULT, phrase
from commands.times import in_words
from commands.words import Words
from runners.contract import Runner
from runners.mirrors import Mirrors
from runners.plan import Unplannable
from storage.model.catalog import Catalog
from storage.model.event import Fact, Kind
from storage.model.reply import Reply, Verdict
from storage.model.request import Request
from storage.model.worded import in_words_of
from storage.store import Store

_NO_RUNNERS: Mapping[str, Runner] = MappingProxyType({})
log = logging.getLogger(__name__)

_REMEMBERED = 1000
"""Characters of a refused message that the journal keeps: it is for ever, and strangers can be refused too."""


class Wakeable(Protocol):
    """The engine, as commands know it. It may run in another process: what is asked of it goes through the store."""

    def wake(self) -> None:
        """Look around now: something may be ready, or was asked to stop."""


class Elsewhere:
    """Stands for an engine in other processes, which hear through the database what is asked of them."""

    def wake(self) -> None:
        """Do nothing."""


class Desk:
    """Answers requests, with the store, the engine and the catalog at hand."""

    def __init__(
        self,
        *,
        store: Store,
        engine: Wakeable,
        mirrors: Mirrors,
        catalog: Callable[[], Catalog],
        directory: Directory,
        runners: Mapping[str, Runner] = _NO_RUNNERS,
        language_of: Callable[[str], str] = lambda _user: DEFAULT,
        environ: Mapping[str, str] | None = None,
        patience: float = 20.0,
    ) -> None:
        """Take what handlers work with. `catalog` and `directory` are asked anew for each request.

        `runners` know their targets. `environ` holds the secrets that the catalog names. `patience` is how many seconds
        a message that somebody clicked may take to be noted as ours: the dead's turn to speak is taken over in fifteen.
        """
        self.store = store
        self.engine = engine
        self.mirrors = mirrors
        self.directory = directory
        self.runners = runners
        self.patience = patience
        self.environ: Mapping[str, str] = {} if environ is None else environ
        self._catalog = catalog
        self.language_of = language_of

    async def handle(self, request: Request) -> Reply:
        """Answer one request. Handling the same request again starts nothing twice (its id is the key).

        Never raises for what a person did; a fault of ours becomes a `broken` reply and a line in the log.
        """
        language = self.language_of(request.user)
        return await self.guarded(request, language, partial(self._answer, request, language))

    async def guarded(self, request: Request, language: str, work: Callable[[], Awaitable[Reply]]) -> Reply:
        """Do what answers a request; a refusal or a fault on the way becomes a reply, and leaves its trace.

        What it offers to say next is in the language of the answer.
        """
        reply = await self._guarded(request, language, work)
        if not reply.offers or language == DEFAULT:
            return reply
        words = Words(self._catalog(), verb_names())
        return replace(
            reply,
            offers=tuple(replace(offer, command=reworded(offer.command, words, language)) for offer in reply.offers),
        )

    async def _guarded(self, request: Request, language: str, work: Callable[[], Awaitable[Reply]]) -> Reply:
        try:
            return await work()
        except Refused as refused:
            if refused.verdict is Verdict.REFUSED:
                await self._remember_refusal(request, in_words(language, refused.text))
            return Reply(
                verdict=refused.verdict,
                text=refused.text,
                table=refused.table,
                offers=refused.offers,
                run=refused.run,
                private=True,
            )
        except Unplannable as impossible:
            return Reply(verdict=Verdict.REFUSED, text=_in_full(language, impossible), private=True)
        except Exception:
            log.exception("request %s broke", request.id)
            text = phrase(
                language,
                "Something went wrong in Estiva itself while handling this. The operators' log has it under `{id}`.",
                id=request.id,
            )
            return Reply(verdict=Verdict.BROKEN, text=text)

    async def _answer(self, request: Request, language: str) -> Reply:
        catalog = self._catalog()
        parsed = parse(request.text, Words(catalog, verb_names()), language)
        if isinstance(parsed, Conversation):
            return Reply(verdict=Verdict.ASK, text=phrase(language, TALK[parsed.why]), private=True)
        reads = not isinstance(parsed, Unclear) and parsed.command.reads
        groups = await admit(self.directory, request, catalog, language, fresh=not reads)
        if isinstance(parsed, Unclear):
            if not knows(catalog, request.user, groups):  # who hears what was meant hears what there is
                text = phrase(
                    language,
                    "You are not listed in the catalog, so there is nothing that you may ask. An operator can add you.",
                )
                raise Refused(text)
            return Reply(verdict=Verdict.ASK, text=parsed.text, offers=parsed.offers, private=True)
        every = self._each(request, parsed, language, catalog, groups)
        return await (all_of(every) if every[1:] else parsed.command.handle(every[0]))

    def _each(
        self, request: Request, parsed: Understood, language: str, catalog: Catalog, groups: Groups
    ) -> list[Asked]:
        return [
            Asked(
                desk=self,
                request=part_of(request, number),
                command=parsed.command,
                arguments=arguments,
                language=language,
                catalog=catalog,
                groups=groups,
            )
            for number, arguments in enumerate(parsed.each)
        ]

    async def rehearse(self, request: Request) -> Refused | None:
        """Tell what a request would be refused for, as far as that shows beforehand; nothing is done."""
        catalog, language = self._catalog(), self.language_of(request.user)
        parsed = parse(request.text, Words(catalog, verb_names()), language)
        if not isinstance(parsed, Understood) or parsed.command.check is None:
            return None
        try:
            groups = await admit(self.directory, request, catalog, language, fresh=True)
            for asked in self._each(request, parsed, language, catalog, groups):
                await parsed.command.check(asked)
        except Refused as refused:
            await self._remember_refusal(request, in_words(language, refused.text))
            return refused
        except Unplannable as impossible:
            return Refused(_in_full(language, impossible))
        return None

    async def _remember_refusal(self, request: Request, reason: str) -> None:
        await self.store.journal.append(
            Fact(
                kind=Kind.COMMAND_REFUSED,
                actor=request.user,
                key=f"refused/{request.id}",
                data={"text": request.text[:_REMEMBERED], "reason": reason[:_REMEMBERED], "request": request.id},
            )
        )

    def commands(self) -> dict[str, Command]:
        """Give every command by name."""
        return book()


def _in_full(language: str, impossible: Unplannable) -> str:
    return in_words_of(partial(phrase, language), impossible.args[0]) + "."
