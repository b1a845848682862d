"""What nobody shall see of what a container writes: the values of its secrets, as its own environment has them.

Read from the container, it is what it was started with, whoever started it, whatever was restarted or renewed since.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from storage.redact import Redactor

_LABEL = "secrets"


def label(names: Sequence[str]) -> dict[str, str]:
    """Give the label by which a container names its variables that are secret; never a value."""
    return {_LABEL: " ".join(names)} if names else {}


def redactor_of(engine: Any, containers: Iterable[str]) -> Redactor:
    """Give what masks the secrets of these containers."""
    return Redactor(value for each in containers for value in _values(engine.inspect_container(each)["Config"]))


def _values(config: dict[str, Any]) -> Iterator[str]:
    secret = {*(config["Labels"] or {}).get(f"estiva.{_LABEL}", "").split()}
    for each in config["Env"] or ():
        name, _, value = each.partition("=")
        if name in secret:
            yield value
