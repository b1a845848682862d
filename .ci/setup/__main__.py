"""Set up what a goal needs, on a fresh machine or on one where most of it is there.

usage: python3 .ci/setup check | test | demo | down

check: what the linters and type checker need.  test: what the tests need.  demo: what the demo needs, running.
down: stop what `demo` started (the Docker engine stays, as everything on the machine may use it).
"""

import sys
from collections.abc import Sequence

import catalog
import debian
import emulator
import engine
import images
import python
import registry
import repositories
from command import CannotGoOn
from places import LOG
from step import Step, say, walk

CHECK = (python.ENVIRONMENT, python.PACKAGES)

GOALS: dict[str, Sequence[Step]] = {
    "check": CHECK,
    "test": (
        *CHECK,
        emulator.STEP,
        debian.packages(debian.FOR_TESTS, "image registry, browser and database, about a minute"),
        engine.STEP,
        images.STEP,
    ),
    "demo": (
        *CHECK,
        debian.packages(debian.FOR_DEMO, "image registry (and Docker, if there is none)"),
        engine.STEP,
        images.STEP,
        registry.STEP,
        repositories.STEP,
        catalog.STEP,
    ),
}


def main(words: Sequence[str]) -> int:
    """Do what the command line says; give the exit code: 0 done, 1 the user must do something, 2 wrong usage."""
    match words:
        case ["down"]:
            say("The image registry is stopped." if registry.stop() else "No image registry was running.")
        case [goal] if goal in GOALS:
            try:
                walk(GOALS[goal])
            except CannotGoOn as problem:
                print(f"\nCannot go on: {problem}", file=sys.stderr)
                return 1
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print(f"\nInterrupted. Run it again to go on where it stopped; its output is in {LOG}.", file=sys.stderr)
        sys.exit(130)
