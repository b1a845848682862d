"""What happened in the demo's repositories: commits and branches, as data.

The last commit of `main` is the folder in `examples/services/` as it stands. Earlier commits have fewer of its files;
a branch is `main` with one more commit that spoils one thing, each in a way that people really meet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

ANA = ("Ana Souza", "ana@example.com")
BIA = ("Bia Ramos", "bia@example.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit: who, what, and what changed in the tree."""

    author: tuple[str, str]
    message: str
    adds: tuple[str, ...] = ()
    """Files and folders taken from the service's folder as they stand there."""
    edits: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """File -> (text as it stands there, text to put in its place). Applied after `adds`."""
    tag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All that one repository holds."""

    main: tuple[Commit, ...]
    branches: Mapping[str, Commit] = field(default_factory=dict)


HELLO = History(
    main=(
        Commit(
            author=ANA,
            message="Say hello over HTTP",
            adds=("hello.py", "tests"),
            edits={
                "hello.py": ('return f"Hello, {name}!"', 'return f"Hi, {name}!"'),
                "tests/test_unit.py": ('"Hello, ', '"Hi, '),
                "tests/test_smoke.py": ('"Hello"', '"Hi"'),
            },
        ),
        Commit(author=BIA, message="Build an image of it", adds=("Dockerfile",)),
        Commit(author=BIA, message="Build and push with a buildspec", adds=("buildspec.yml",), tag="v1.0.0"),
        Commit(author=ANA, message="Greet politely", adds=("hello.py", "tests")),
    ),
    branches={
        "broken-build": Commit(
            author=BIA,
            message="Read the greetings from a file",  # which she forgot to add
            edits={"Dockerfile": ("COPY hello.py .", "COPY hello.py greetings.json ./")},
        ),
        "failing-test": Commit(
            author=ANA,
            message="Greet more warmly",
            edits={"hello.py": ('return f"Hello, {name}!"', 'return f"Hello there, {name}!"')},
        ),
        "sick": Commit(
            author=BIA,
            message="Warm the cache before taking traffic",  # for an hour: it never gets healthy in time
            edits={"Dockerfile": ("ENV COMMIT=$COMMIT", "ENV COMMIT=$COMMIT WARM_UP_SECONDS=3600")},
        ),
        "bad-buildspec": Commit(
            author=ANA,
            message="Tidy the buildspec",
            edits={"buildspec.yml": ("commands:\n      - echo Build started", "comands:\n      - echo Build started")},
        ),
    },
)

GREETER = History(
    main=(
        Commit(
            author=BIA,
            message="Greet in Portuguese",
            adds=("greeter.py",),
            edits={"greeter.py": ("Olá do greeter!", "Olá!")},
        ),
        Commit(author=BIA, message="Build an image of it", adds=("Dockerfile",), tag="v1.0.0"),
        Commit(author=ANA, message="Say who greets", adds=("greeter.py",)),
    ),
)

REPOSITORIES: Mapping[str, History] = {"hello": HELLO, "greeter": GREETER}
