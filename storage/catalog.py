"""Read the catalog from its file, and say everything that is wrong with it at once.

The file is documented by `examples/catalog.example.yml`, which has every key.
"""

import hashlib
from pathlib import Path

from storage.model.catalog import Catalog
from storage.reading import approvers, names, references, sections
from storage.reading.actions import Actions, Kinds
from storage.reading.document import Item, Problems, parse
from storage.reading.freezes import freezes

__all__ = ["CatalogProblems", "Kinds", "load"]

_SECTIONS = ("registry", "environments", "services", "people", "policy")
_OPTIONAL = ("freezes",)


class CatalogProblems(ValueError):  # noqa: N818 - named by what it carries
    """The catalog cannot be used: every problem, each as `file:line: path: what`."""

    def __init__(self, problems: list[str]) -> None:
        """Take the problems, one line each."""
        super().__init__("\n".join(problems))
        self.problems = problems


def load(path: Path, kinds: Kinds | None = None) -> Catalog:
    """Read the catalog. `kinds`, when given, names the kinds of action there are and checks their options.

    Raises `CatalogProblems` with all problems at once, `OSError` when the file cannot be read.
    """
    raw = path.read_bytes()
    problems = Problems(str(path))
    catalog = _read(raw, path.resolve().parent, kinds, problems)
    if catalog is None or problems.found:
        raise CatalogProblems(problems.lines())
    return catalog


def _read(raw: bytes, folder: Path, kinds: Kinds | None, problems: Problems) -> Catalog | None:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        problems.add(line, "", f"not UTF-8: byte {raw[error.start]:#x}; save the file as UTF-8")
        return None
    top = parse(text, problems)
    if top is None:
        return None
    try:
        return _catalog(top, folder, kinds, hashlib.sha256(raw).hexdigest())
    except RecursionError:
        problems.add(1, "", "an anchor contains itself, or the nesting is too deep")
        return None


def _catalog(top: Item, folder: Path, kinds: Kinds | None, digest: str) -> Catalog:
    top.record(dict.fromkeys(_SECTIONS + _OPTIONAL, _later), _SECTIONS)
    part = top.entries()
    people = sections.people(part.get("people"))
    plain = sections.environments(part.get("environments"))
    environments = sections.approvals(part.get("environments"), plain, people)
    listed = part["services"].entries() if "services" in part else {}
    actions = Actions(kinds, environments, listed)
    references.check(part.get("environments"), environments, actions)
    names.check(part.get("environments"), part.get("services"))
    policy = sections.grants(part.get("policy"), people, environments, listed)
    approvers.check(part.get("environments"), environments, people, policy)
    return Catalog(
        services=sections.services(part.get("services"), environments, actions, folder),
        environments=environments,
        people=people,
        grants=policy,
        registry=sections.registry(part.get("registry")),
        freezes=freezes(part.get("freezes"), environments),
        digest=digest,
    )


def _later(_item: Item) -> None:
    """Read by its own section."""
