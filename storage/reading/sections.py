"""The sections of the file, each read into its noun."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from storage.model.catalog import Environment, Grant, Keep, Person, Registry, Service
from storage.reading import cloud, rules
from storage.reading.actions import Actions
from storage.reading.document import NAME, NAMING, Item, meant
from storage.reading.infra import infra
from storage.reading.pipelines import pipelines

_HOST = re.compile(r"[A-Za-z0-9.-]+(?::\d{1,5})?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PERSON = re.compile(r"[UW][A-Z0-9]{2,20}")
_GROUP = re.compile(r"group:S[A-Z0-9]{2,20}")
_CHANNEL = re.compile(r"direct|\*|[CGD][A-Z0-9]{2,20}")
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*://.+|[\w.-]+@[\w.-]+:.+")
_WEB = re.compile(r"https?://[^\s/]+.*")
_HIGHEST_PORT = 65_535


def registry(item: Item | None) -> Registry:
    """Read where images are kept."""
    if item is None:
        return Registry(host="")
    variable = _matching(_VARIABLE, "the name of an environment variable")
    readers = {"host": _matching(_HOST, "host or host:port"), "username_from": variable, "password_from": variable}
    known = "ecr" in item.entries()
    read = item.record({**readers, "ecr": cloud.ecr}, [] if known else ["host"])
    if ("username_from" in read) != ("password_from" in read):
        item.problem("username_from and password_from go together")
    ecr = read.pop("ecr", None) or cloud.ecr_at(read.get("host", ""))
    if ecr and "username_from" in read:
        item.problem("ECR gives its own login: username_from and password_from have no place here")
    return Registry(host=read.pop("host", "") or (cloud.host_of(ecr) if ecr else ""), ecr=ecr, **read)


def environments(item: Item | None) -> dict[str, Environment]:
    """Read the environments; what they say about each other is checked by `references`."""
    found = {}
    for name, entry in (item.entries() if item else {}).items():
        _named(name, entry)
        read = entry.record(_ENVIRONMENT)
        read.pop("approvals", None)  # once it is known who there is
        found[name] = Environment(name=name, **read)
    return found


def approvals(
    item: Item | None, places: Mapping[str, Environment], known: Mapping[str, Person]
) -> dict[str, Environment]:
    """Read what the environments say of approvals: a number, or who, how many and for how long."""
    entries = item.entries() if item else {}
    found = {}
    for name, place in places.items():
        entry = entries[name].entries().get("approvals")
        found[name] = place if entry is None else rules.approvals(entry, place, who(known))
    return found


def people(item: Item | None) -> dict[str, Person]:
    """Read the people, by their Slack user ids."""
    found: dict[str, Person] = {}
    identity = _matching(_PERSON, "a Slack user id such as U0ANA0001")
    readers: Mapping[str, Callable[[Item], Any]] = {
        "id": identity,
        "name": Item.text,
        "roles": Item.texts,
        "also": _all(identity),
        "emails": _all(_matching(_EMAIL, "an address such as ana@example.com")),
        "totp_from": _matching(_VARIABLE, "the name of an environment variable"),
        "token_from": _matching(_VARIABLE, "the name of an environment variable"),
    }
    accounts: set[str] = set()
    for entry in item.items() if item else []:
        read = entry.record(readers, ["id", "name"])
        person = Person(**{"id": "", "name": "", **read})
        for account in person.accounts:
            if account in accounts:
                entry.problem(f"{account} is listed a second time")
            accounts.add(account)
        found[person.id] = person
    return found


def grants(
    item: Item | None, known: Mapping[str, Person], places: Mapping[str, Environment], things: Mapping[str, Item]
) -> tuple[Grant, ...]:
    """Read the policy; everybody and everything that it names has to exist."""
    found = []
    for entry in item.items() if item else []:
        readers: Mapping[str, Callable[[Item], Any]] = {
            "who": who(known),
            "may": Item.texts,
            "in": _each(["*", *places], "there is no environment"),
            "services": _each(["*", *things], "there is no service"),
            "channels": _all(_matching(_CHANNEL, "the id of a channel such as C0DEPLOYS1, or direct")),
            "with": _patterns,
        }
        read = entry.record(readers, ["who", "may"])
        found.append(
            Grant(
                who=read.get("who", ()),
                may=read.get("may", ()),
                environments=read.get("in", ("*",)),
                services=read.get("services", ("*",)),
                channels=read.get("channels", ("*",)),
                arguments=read.get("with", {}),
            )
        )
    return tuple(found)


def who(known: Mapping[str, Person]) -> Callable[[Item], tuple[str, ...]]:
    """Read a list of people: everybody that it names has to be listed; user groups are Slack's to know."""
    roles = {f"role:{role}" for person in known.values() for role in person.roles}
    accounts = [account for person in known.values() for account in person.accounts]
    someone = ["everyone", *sorted(roles), *accounts]

    def read(item: Item) -> tuple[str, ...]:
        for entry in item.items():
            text = entry.text()
            if text and text not in someone and not _GROUP.fullmatch(text):
                entry.problem(f"nobody listed under people is {text!r}{meant(text, someone)}")
        return item.texts()

    return read


def services(
    item: Item | None, places: Mapping[str, Environment], actions: Actions, folder: Path
) -> dict[str, Service]:
    """Read the services with their pipelines. Repositories without host or root are relative to `folder`."""
    found = {}
    for name, entry in (item.entries() if item else {}).items():
        _named(name, entry)
        readers = {**_SERVICE, "addresses": _addresses(places), "env": _variables(places)}
        readers["secrets"] = lambda item: cloud.secrets(_by_environment(item, places), places)
        known = {**readers, **dict.fromkeys(("pipeline", "pipelines", "build", "tests", "infra"), _nothing)}
        read = {key: value for key, value in entry.record(known, ["repository", "image"]).items() if key in readers}
        _apart(entry, read)
        repository = _repository(read.pop("repository", ""), folder)
        image = read.pop("image", "")
        ways = pipelines(entry, places, actions)
        stages = next(iter(ways.values())).stages
        made_by = infra(entry.entries().get("infra"), places, actions)
        found[name] = Service(
            name=name, repository=repository, image=image, stages=stages, pipelines=ways, infra=made_by, **read
        )
    return found


def _apart(entry: Item, read: Mapping[str, Any]) -> None:
    """Note what is a variable and a secret at once."""
    for place, names in read.get("secrets", {}).items():
        for name in sorted(names.keys() & read.get("env", {}).get(place, {}).keys()):
            entry.entries()["secrets"].entries()[place].problem(f"{name} stands in env too")


def _repository(text: str, folder: Path) -> str:
    if not text or _REMOTE.fullmatch(text):
        return text
    return str((folder / text).resolve())


def _named(name: str, entry: Item) -> None:
    if not NAME.fullmatch(name):
        entry.problem(f"{name!r} is no name: {NAMING}")


def _matching(pattern: re.Pattern[str], wanted: str) -> Callable[[Item], str]:
    def read(item: Item) -> str:
        text = item.text()
        if text and not pattern.fullmatch(text):
            item.problem(f"should be {wanted}, not {text!r}")
        return text

    return read


def _each(known: list[str], otherwise: str) -> Callable[[Item], tuple[str, ...]]:
    def read(item: Item) -> tuple[str, ...]:
        for entry in item.items():
            text = entry.text()
            if text and text not in known:
                entry.problem(f"{otherwise} {text!r}{meant(text, known)}")
        return item.texts()

    return read


def _all(reader: Callable[[Item], str]) -> Callable[[Item], tuple[str, ...]]:
    return lambda item: tuple(reader(entry) for entry in item.items())


def _patterns(item: Item) -> dict[str, tuple[str, ...]]:
    return {name: entry.texts() for name, entry in item.entries().items()}


def _addresses(places: Mapping[str, Environment]) -> Callable[[Item], dict[str, str]]:
    web = _matching(_WEB, "an address such as http://127.0.0.1:18081")
    return lambda item: {name: web(entry) for name, entry in _by_environment(item, places).items()}


def _variables(places: Mapping[str, Environment]) -> Callable[[Item], dict[str, dict[str, str]]]:
    def read(item: Item) -> dict[str, str]:
        for name, entry in item.entries().items():
            if not _VARIABLE.fullmatch(name):
                entry.problem(f"{name!r} is no name of a variable")
        return {name: entry.text() for name, entry in item.entries().items()}

    return lambda item: {name: read(entry) for name, entry in _by_environment(item, places).items()}


def _by_environment(item: Item, places: Mapping[str, Environment]) -> dict[str, Item]:
    entries = item.entries()
    for name, entry in entries.items():
        if name not in places:
            entry.problem(f"there is no environment {name!r}{meant(name, places)}")
    return entries


def _port(item: Item) -> int:
    number = item.positive()
    if number > _HIGHEST_PORT:
        item.problem(f"there is no port {number}")
    return number


def _options(item: Item) -> Any:
    item.entries()
    value = item.json()
    return value if isinstance(value, dict) else {}


def _keep(item: Item) -> Keep:
    return Keep(**item.record(_KEEP))


def _nothing(_item: Item) -> None:
    """Read later."""


_ENVIRONMENT: Mapping[str, Callable[[Item], Any]] = {
    "aliases": Item.texts,
    "production": Item.flag,
    "approvals": _nothing,
    "approval_ttl": Item.seconds,
    "promotes_from": Item.text,
    "target": Item.text,
    "options": _options,
    "aws": cloud.aws,
}
_KEEP: Mapping[str, Callable[[Item], Any]] = {
    "images": Item.positive,
    "releases": Item.whole,
    "logs": Item.seconds,
    "registry": Item.flag,
    "caches": Item.size,
}
_SERVICE: Mapping[str, Callable[[Item], Any]] = {
    "aliases": Item.texts,
    "description": Item.text,
    "repository": _matching(re.compile(r"[^-\s].*"), "a git URL or a path"),
    "branch": _matching(re.compile(r"[^-\s]\S*"), "the name of a branch"),
    "image": _matching(re.compile(r"[a-z0-9][a-z0-9._:/-]*"), "an image without its tag"),
    "port": _port,
    "health": _matching(re.compile(r"/\S*"), "a path such as /healthz"),
    "channel": _matching(re.compile(r"[CG][A-Z0-9]{2,20}"), "the id of a channel such as C0DEPLOY1"),
    "keep": _keep,
}
