"""The kinds of words that a usage line can ask for, read against the catalog."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping

from commands.grammar import Fits, Misfit
from commands.tokens import fold
from storage.model.catalog import Catalog

_RUN = re.compile(r"^(?P<service>[\w.-]{1,100})-(?P<number>\d{1,12})$")
_COUNT = re.compile(r"^(?:[1-9]\d?|100)$", re.ASCII)
_SINCE = re.compile(r"^(?:\d{1,4}(?:s|m|min|h|d)|20\d\d-\d\d-\d\d)$", re.ASCII)
_ACTION = re.compile(r"^[\w./-]{1,100}$")
_ALL = frozenset({"all", "tudo", "todos"})
_NUMBER = re.compile(r"^#?\d{1,12}$", re.ASCII)
_MENTION = re.compile(r"^<?@?(?P<id>[UW][A-Z0-9]{2,30})(?:\|[^<>]*)?>?$")
_REF = re.compile(r"^(?!-)[^\s\x00-\x1f\x7f~^:?*\[\\]{1,200}$")


def nearest(word: str, names: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """Names that somebody who typed `word` may have meant, nearest first."""
    by_fold = {fold(name): name for name in names}
    close = difflib.get_close_matches(fold(word), by_fold, n=limit, cutoff=0.65)
    return tuple(dict.fromkeys(by_fold[name] for name in close))


class Words:
    """What the words of a message mean: services, environments, refs, runs, verbs."""

    def __init__(self, catalog: Catalog, verbs: Mapping[str, str]) -> None:
        """Take the catalog, and the verbs with the name of the command that each stands for."""
        self.verbs = {fold(verb): name for verb, name in verbs.items()}
        self._services = _names({s.name: s.aliases for s in catalog.services.values()})
        self._environments = _names({e.name: e.aliases for e in catalog.environments.values()})
        self._people = {fold(p.name): p.id for p in catalog.people.values()}
        self._kinds: dict[str, Callable[[str], Fits | Misfit]] = {
            "service": lambda word: self._named(word, self._services),
            "environment": lambda word: self._named(word, self._environments),
            "target": self._target,
            "run": self._run,
            "approval": self._approval,
            "command": lambda word: self._named(word, self.verbs),
            "count": lambda word: Fits({"": word}) if _COUNT.match(word) else Misfit(),
            "since": lambda word: Fits({"": fold(word)}) if _SINCE.match(fold(word)) else Misfit(),
            "person": self._person,
            "all": lambda word: Fits({"": "all"}) if fold(word) in _ALL else Misfit(),
            "action": lambda word: Fits({"": word}) if _ACTION.match(word) else Misfit(),
        }

    def fit(self, kind: str, word: str, so_far: Mapping[str, str]) -> Fits | Misfit:
        """Read one word as a kind. Raises `KeyError` for a kind that no usage line may name."""
        if kind == "release":
            return self._release(word, so_far.get("service"))
        return self._kinds[kind](word)

    def environments(self) -> tuple[str, ...]:
        """Names of all environments, in the catalog's order."""
        return tuple(dict.fromkeys(self._environments.values()))

    def services(self) -> tuple[str, ...]:
        """Names of all services, in the catalog's order."""
        return tuple(dict.fromkeys(self._services.values()))

    def _named(self, word: str, names: Mapping[str, str]) -> Fits | Misfit:
        name = names.get(fold(word))
        return Fits({"": name}) if name else Misfit(tuple(dict.fromkeys(names[n] for n in nearest(word, names))))

    def _target(self, word: str) -> Fits | Misfit:
        """Read `service` or `service@ref`; a ref may contain slashes, so only the first `@` counts."""
        name, at, ref = word.partition("@")
        service = self._services.get(fold(name))
        if service is None:
            close = dict.fromkeys(self._services[n] for n in nearest(name, self._services))
            return Misfit(tuple(f"{candidate}{at}{ref}" for candidate in close))
        if not at:
            return Fits({"service": service})
        clean = ref.rstrip(",;!?.")
        return Fits({"service": service, "ref": clean}) if _REF.match(clean) else Misfit()

    def _run(self, word: str) -> Fits | Misfit:
        clean = fold(word).removeprefix("#")
        found = _RUN.match(clean)
        if found and fold(found["service"]) in self._services:
            return Fits({"": f"{self._services[fold(found['service'])]}-{int(found['number'])}"})
        return Misfit()

    def _release(self, word: str, service: str | None) -> Fits | Misfit:
        """Read the run that made a release; a number alone is one of the service named before."""
        if service is not None and _NUMBER.match(fold(word)):
            return Fits({"": f"{service}-{int(fold(word).removeprefix('#'))}"})
        return self._run(word)

    def _person(self, word: str) -> Fits | Misfit:
        """Read somebody of the catalog, by mention, id or name."""
        mentioned = _MENTION.match(word.rstrip(".,;:!?"))
        if mentioned and mentioned["id"] in self._people.values():
            return Fits({"": mentioned["id"]})
        return self._named(word.removeprefix("@"), self._people)

    def _approval(self, word: str) -> Fits | Misfit:
        run, slash, stage = word.partition("/")
        found = self._run(run)
        return Fits({"": found.values[""] + slash + stage}) if isinstance(found, Fits) else found


def _names(with_aliases: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {fold(word): name for name, aliases in with_aliases.items() for word in (name, *aliases)}
