"""Catalogs that are written for a test, and kinds of actions that they may use."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from storage.catalog import CatalogProblems, Kinds, load
from storage.model.catalog import Catalog, Json

MINIMAL = """\
registry: {host: localhost:5000}
environments:
  homolog: {aliases: [hml]}
  production: {promotes_from: homolog, approvals: 1, production: true}
services:
  hello:
    repository: repos/hello
    image: localhost:5000/hello
people:
  - {id: U0ANA0001, name: Ana, roles: [developer]}
policy:
  - {who: ["role:developer"], may: ["*"]}
"""


def read(tmp_path: Path, text: str, kinds: Kinds | None = None) -> Catalog:
    file = tmp_path / "catalog.yml"
    file.write_text(text, encoding="utf-8")
    return load(file, kinds)


def wrong(tmp_path: Path, text: str, kinds: Kinds | None = None) -> list[str]:
    with pytest.raises(CatalogProblems) as caught:
        read(tmp_path, text, kinds)
    return [problem.removeprefix(f"{tmp_path}/catalog.yml:") for problem in caught.value.problems]


@dataclass
class Easy:
    """A kind that takes any option."""

    errors: Mapping[str, str] = field(default_factory=lambda: {"registry_unavailable": "it does not answer"})
    exports: Collection[str] | None = None

    def problems(self, options: Mapping[str, Json]) -> list[str]:
        return []
