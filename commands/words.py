"""The kinds of words that a usage line can ask for, read against the catalog."""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache

from commands.grammar import Fits, Misfit
from commands.little import ARTICLES, JOINING, PREPOSITIONS
from commands.tokens import Token, fold
from runners.given import FROM_CHAT
from runners.options import words
from storage.model.catalog import Catalog

_RUN = re.compile(r"^(?P<service>[\w.-]{1,100})-(?P<number>\d{1,12})$", re.ASCII)
_CODE = re.compile(r"^\d{6,8}$", re.ASCII)
_COUNT = re.compile(r"^(?:[1-9]\d?|100)$", re.ASCII)
_NUMBER = re.compile(r"^\d{1,9}$", re.ASCII)
_REF = re.compile(r"^(?![-#/.])(?!.*(?:\.\.|//|/\.|@\{|\.lock(?:/|$)|[/.]$))[^\s\x00-\x1f\x7f~^:?*\[\\\"]{1,200}$")
"""What git takes for the name of a branch or a tag, without a `#` or a `-` before it."""
_PLAIN_REF = re.compile(
    r"^(?:main|master|develop|trunk|v\d+|v?\d+(?:\.\d+)+(?:[-+.][\w.-]+)?|[0-9a-f]{7,40}|[\w.-]+(?:/[\w.-]+)+)$",
    re.ASCII | re.IGNORECASE,
)
_DURATION = re.compile(r"^(?P<number>\d{1,6})\s?(?P<unit>[a-z]+)$", re.ASCII)
_UNITS = {
    "s": "s sec secs second seconds segundo segundos seg",
    "m": "m min mins minute minutes minuto minutos",
    "h": "h hr hrs hour hours hora horas",
    "d": "d day days dia dias",
}
_WEEK = frozenset({"w", "week", "weeks", "semana", "semanas"})
_UNIT = {word: unit for unit, words in _UNITS.items() for word in words.split()}
_DAY = re.compile(r"^20\d\d-\d\d-\d\d$", re.ASCII)
_STAGE = re.compile(r"^[a-z][a-z0-9._-]{0,59}$")
_ALL = frozenset({"all", "everything", "tudo", "todos"})
_BEFORE = frozenset({"previous", "prior", "anterior"})
"""The release before the one that runs: what a rollback goes back to where none is named."""
_NUMBER_OF = re.compile(r"^#?\d{1,12}$", re.ASCII)
_MENTION = re.compile(r"^<?@?(?P<id>[UW][A-Z0-9]{2,30})(?:\|[^<>]*)?>?$", re.ASCII)
_WORD = re.compile(r"^[^\s<>]{1,200}$")
_NEVER_REFS = ARTICLES | PREPOSITIONS | JOINING | _BEFORE
_NEAR = 0.75
_LONGEST, _SHORTEST = 40, 2


def nearest(word: str, names: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """Names that somebody who typed `word` may have meant, nearest first."""
    folded = fold(word)
    if not _SHORTEST <= len(folded) <= _LONGEST:
        return ()
    by_fold = _by_fold(tuple(names))
    begun = sorted((name for name in by_fold if len(folded) > _SHORTEST and name.startswith(folded)), key=len)
    alike = [name for name in by_fold if _NEAR * (len(name) + len(folded)) <= 2 * min(len(name), len(folded))]
    close = difflib.get_close_matches(folded, alike, n=limit, cutoff=_NEAR)
    return tuple(dict.fromkeys(by_fold[name] for name in (*close, *begun)))[:limit]


@lru_cache(maxsize=64)
def _by_fold(names: tuple[str, ...]) -> Mapping[str, str]:
    """Fold names once: the same ones are compared with every word of every message."""
    return {fold(name): name for name in names}


class Words:
    """What the words of one message mean: services, environments, refs, runs, verbs."""

    def __init__(self, catalog: Catalog, verbs: Mapping[str, str]) -> None:
        """Take the catalog, and the verbs with the name of the command that each stands for."""
        self.verbs = {" ".join(fold(word) for word in verb.split()): name for verb, name in verbs.items()}
        self._most = max((verb.count(" ") for verb in self.verbs), default=0) + 1
        self._begin = {verb.partition(" ")[0] for verb in self.verbs}
        self._services = _names({s.name: s.aliases for s in catalog.services.values()})
        self._environments = _names({e.name: e.aliases for e in catalog.environments.values()})
        self._production = {e.name for e in catalog.environments.values() if e.production}
        self._pipelines = _names({name: () for s in catalog.services.values() for name in s.pipelines or ("default",)})
        self._actions = {fold(name): name for name in _actions(catalog)}
        self._variables = {fold(name): name for name in _variables(catalog)}
        self._people = {fold(p.name): p.id for p in catalog.people.values()}
        self._known: dict[tuple[str, str], Fits | Misfit] = {}
        """What was looked up: one message asks the same many times, and near names are dear."""
        self._kinds: dict[str, Callable[[str], Fits | Misfit]] = {
            "service": lambda word: self._named(word, self._services),
            "environment": lambda word: self._named(word, self._environments),
            "source": lambda word: self._named(word, self._environments),
            "target": self._target,
            "run": self._run,
            "approval": self._approval,
            "gate": self._approval,
            "command": lambda word: self._named(word, self.verbs),
            "code": _if(_CODE),
            "person": self._person,
            "since": lambda word: Fits({"": word}) if _is_day(word) else _duration(word),
            "all": lambda word: Fits({"": "all"}) if fold(word) in _ALL else Misfit(),
            "pipeline": lambda word: self._named(word, self._pipelines),
            "action": lambda word: self._named(word, self._actions),
            "stage": lambda word: Fits({"": fold(word)}) if _STAGE.match(fold(word)) else Misfit(),
            "variables": lambda word: self._named(word, self._variables),
            "count": _if(_COUNT),
            "number": _if(_NUMBER),
            "duration": _duration,
            "ref": self._ref,
            "plain_ref": lambda word: self._ref(word) if _PLAIN_REF.match(word) else Misfit(),
            "word": _if(_WORD),
        }

    def fit(self, kind: str, word: str, so_far: Mapping[str, str]) -> Fits | Misfit:
        """Read one word as a kind. Raises `KeyError` for a kind that no usage line may name."""
        if "|" in kind:
            return _one_of(kind.split("|"), word)
        if kind == "release":
            return self._release(word, so_far.get("service"))
        if kind == "earlier":
            return Fits({}) if fold(word) in _BEFORE else self._release(word, so_far.get("service"))
        known = self._known.get((kind, word))
        if known is None:
            known = self._known[kind, word] = self._kinds[kind](word)
        return known

    def read(self, kind: str, word: str) -> Mapping[str, str] | None:
        """Give what a word means as a kind; `None` when it is not of it."""
        found = self.fit(kind, word, {})
        return found.values if isinstance(found, Fits) else None

    def is_name(self, token: Token) -> bool:
        """Tell whether a word names a service or an environment, whatever else it may be."""
        return token.folded in self._services or token.folded in self._environments

    def is_production(self, environment: str) -> bool:
        """Tell whether an environment is a production one."""
        return environment in self._production

    def verb_at(self, said: Sequence[Token], at: int) -> tuple[str, int] | None:
        """Find the verb that begins at a word: the command that it stands for, and where it ends."""
        if said[at].folded not in self._begin:
            return None
        for length in range(min(self._most, len(said) - at), 0, -1):
            here = said[at : at + length]
            name = self.verbs.get(" ".join(token.folded for token in here))
            topic = here[-1].text.endswith(":") and self.is_name(here[-1])  # `status: rollback`, of a service
            if name is not None and not topic and not any(token.quoted for token in here):
                return name, at + length
        return None

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
        """Read `service`, `service@ref`, `service/ref` or `service:ref`; the first mark counts, a ref has more."""
        at = re.search(r"[@/:]", word)
        name, mark, ref = (word[: at.start()], at[0], word[at.end() :]) if at else (word, "", "")
        service = self._services.get(fold(name))
        if service is None:
            close = dict.fromkeys(self._services[n] for n in nearest(name, self._services))
            return Misfit(tuple(f"{candidate}@{ref}" if mark else candidate for candidate in close))
        if not mark:
            return Fits({"service": service})
        clean = ref.rstrip(",;!?.")
        if mark != "@" and (fold(clean) in self._services or fold(clean) in self._environments):
            return Misfit((f"{service}@{clean}",))  # `api/web` may be two services
        return Fits({"service": service, "ref": clean}) if _REF.match(clean) else Misfit()

    def _ref(self, word: str) -> Fits | Misfit:
        """Read a ref that stands alone; what is a service or an environment is not one."""
        folded = fold(word)
        taken = folded in self._services or folded in self._environments or folded in _NEVER_REFS
        return Misfit() if taken or not _REF.match(word) else Fits({"": word})

    def _run(self, word: str) -> Fits | Misfit:
        found = _RUN.match(fold(word).removeprefix("#"))
        if found is None:
            return Misfit()
        service = self._services.get(found["service"])
        if service is None:
            return Misfit(tuple(f"{name}-{found['number']}" for name in nearest(found["service"], self.services())))
        return Fits({"": f"{service}-{int(found['number'])}"})

    def _approval(self, word: str) -> Fits | Misfit:
        run, slash, stage = word.partition("/")
        found = self._run(run)
        return Fits({"": found.values[""] + slash + stage}) if isinstance(found, Fits) else found

    def _release(self, word: str, service: str | None) -> Fits | Misfit:
        """Read the run that made a release; a number alone is one of the service named before."""
        if service is not None and _NUMBER_OF.match(word):
            return Fits({"": f"{service}-{int(word.removeprefix('#'))}"})
        return self._run(word)

    def _person(self, word: str) -> Fits | Misfit:
        """Read somebody of the catalog, by mention, id or name."""
        mentioned = _MENTION.match(word)
        if mentioned and mentioned["id"] in self._people.values():
            return Fits({"": mentioned["id"]})
        return self._named(word.removeprefix("@"), self._people)


def _names(with_aliases: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {fold(word): name for name, aliases in with_aliases.items() for word in (name, *aliases)}


def _if(pattern: re.Pattern[str]) -> Callable[[str], Fits | Misfit]:
    return lambda word: Fits({"": word}) if pattern.match(word) else Misfit()


def _actions(catalog: Catalog) -> Iterator[str]:
    """Give what actions are called, alone and with their stage: `unit`, `test/unit`."""
    for service in catalog.services.values():
        for stage in service.stages:
            yield from (name for action in stage.actions for name in (action.name, f"{stage.name}/{action.name}"))


def _variables(catalog: Catalog) -> Iterator[str]:
    """Give the variables that people may give to something."""
    for environment in catalog.environments.values():
        yield from words(environment.options.get(FROM_CHAT))
    for service in catalog.services.values():
        for pipeline in (service.stages, *(each.stages for each in service.pipelines.values())):
            for action in (action for stage in pipeline for action in stage.actions):
                yield from words(action.options.get(FROM_CHAT))


def _one_of(choices: Sequence[str], word: str) -> Fits | Misfit:
    known = {fold(choice): choice for choice in choices}
    found = known.get(fold(word))
    return Fits({"": found}) if found else Misfit(nearest(word, choices))


def _is_day(word: str) -> bool:
    try:
        date.fromisoformat(word)
    except ValueError:
        return False
    return _DAY.match(word) is not None


def _duration(word: str) -> Fits | Misfit:
    """Read `2h`, `90 min`, `2 horas`; gives `2h`, `90m`, `2h`. Nothing lasts `0m`."""
    found = _DURATION.match(fold(word))
    if found is None or not int(found["number"]):
        return Misfit()
    number, unit = int(found["number"]), _UNIT.get(found["unit"])
    if found["unit"] in _WEEK:
        number, unit = 7 * number, "d"
    return Fits({"": f"{number}{unit}"}) if unit else Misfit()
