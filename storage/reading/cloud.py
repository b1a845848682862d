"""What the file says of AWS."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from storage.model.catalog import Environment
from storage.model.cloud import SERVICES, Aws, Ecr, Severity
from storage.reading.document import Item

_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/[\w+=,.@/-]+")
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}")
_ENDPOINT = re.compile(r"https?://[^\s/]+\S*")
_HOST = re.compile(r"(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
_DAY = 86_400
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_GIVES_SECRETS = ("docker", "ecs")
_REFERENCE = re.compile(
    r"parameter:[\w./-]{1,1011}|secret:[\w/+=.@-]{1,512}(?::[^:\s]{1,200})?|variable:[A-Za-z_]\w{0,250}", re.ASCII
)


def aws(item: Item) -> Aws:
    """Read an account, its region, and as whom Estiva works there."""
    read = item.record(_AWS, ["account", "region"])
    role = _ROLE.fullmatch(read.get("role") or "")
    if role and read.get("account") and role[1] != read["account"]:
        item.entries()["role"].problem(f"is a role of the account {role[1]}, and the account here is {read['account']}")
    return Aws(**{"account": "", "region": "", **read})


def ecr(item: Item) -> Ecr:
    """Read how an image registry in ECR is kept."""
    read = item.record(_ECR, ["aws"])
    return Ecr(**{"aws": Aws(account="", region=""), **read})


def secrets(entries: Mapping[str, Item], places: Mapping[str, Environment]) -> dict[str, dict[str, str]]:
    """Read where the values of variables are, per environment."""
    reference = _like(_REFERENCE, "parameter:NAME, secret:NAME, secret:NAME:KEY or variable:NAME")
    found = {}
    for place, item in entries.items():
        known = places.get(place)
        if known is not None and known.target not in _GIVES_SECRETS:
            item.problem(f"only containers on docker and ecs get secrets, and the target of {place} is {known.target}")
        found[place] = {name: reference(entry) for name, entry in item.entries().items()}
        for name, entry in item.entries().items():
            if not _VARIABLE.fullmatch(name):
                entry.problem(f"{name!r} is no name of a variable")
            if known is not None:
                _reachable(entry, found[place][name], known)
    return found


def _reachable(entry: Item, reference: str, place: Environment) -> None:
    """Note a value that containers there cannot be given."""
    variable = reference.startswith("variable:")
    if variable and place.target == "ecs":
        entry.problem("a variable of Estiva's process is for target docker; on ecs: parameter:NAME or secret:NAME")
    elif not variable and _REFERENCE.fullmatch(reference) and place.target == "docker" and place.aws is None:
        entry.problem(f"{place.name} is in no account: add aws to it, or say variable:NAME, of Estiva's own process")


def host_of(known: Ecr) -> str:
    """Give the name under which the registry of an account answers."""
    end = "amazonaws.com.cn" if known.aws.region.startswith("cn-") else "amazonaws.com"
    return f"{known.aws.account}.dkr.ecr.{known.aws.region}.{end}"


def ecr_at(host: str) -> Ecr | None:
    """Give the registry that a host's name tells of, as Estiva keeps one when nothing is said of it."""
    found = _HOST.fullmatch(host)
    return Ecr(aws=Aws(account=found[1], region=found[2])) if found else None


def _like(pattern: re.Pattern[str], wanted: str) -> Callable[[Item], str]:
    def read(item: Item) -> str:
        text = item.text()
        if text and not pattern.fullmatch(text):
            item.problem(f"should be {wanted}, not {text!r}")
        return text

    return read


def _endpoints(item: Item) -> dict[str, str]:
    return item.record(dict.fromkeys(SERVICES, _like(_ENDPOINT, "an address such as http://127.0.0.1:4566")))


def _severity(item: Item) -> Severity | None:
    word = item.choice(Severity)
    return Severity(word) if word in set(Severity) else None


def _days(item: Item) -> int:
    seconds = item.seconds()
    if seconds % _DAY:
        item.problem("should be whole days, such as 14d")
    return max(1, seconds // _DAY)


_AWS: Mapping[str, Callable[[Item], Any]] = {
    "account": _like(_ACCOUNT, "the twelve digits of an account"),
    "region": _like(_REGION, "a region such as us-east-1"),
    "role": _like(_ROLE, "the ARN of a role, such as arn:aws:iam::123456789012:role/estiva"),
    "external_id": _like(_EXTERNAL_ID, "2 to 1224 letters, digits and +=,.@:/-"),
    "endpoints": _endpoints,
}
_ECR: Mapping[str, Callable[[Item], Any]] = {
    "aws": aws,
    "immutable": Item.flag,
    "scan": Item.flag,
    "block": _severity,
    "scan_timeout": Item.seconds,
    "keep": Item.positive,
    "untagged": _days,
}
