"""What several builds of one batch export, handed on as one."""

from collections.abc import Iterable, Mapping


def together(by_build: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Give each variable as `BUILD_VARIABLE`, and as `VARIABLE` where no two builds say different things."""
    named = {f"{build}_{name}": value for build, known in by_build.items() for name, value in known.items()}
    return {**_agreed(by_build.values()), **named}


def _agreed(exported: Iterable[Mapping[str, str]]) -> dict[str, str]:
    values: dict[str, set[str]] = {}
    for each in exported:
        for name, value in each.items():
            values.setdefault(name, set()).add(value)
    return {name: said.pop() for name, said in values.items() if len(said) == 1}
