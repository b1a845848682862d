"""A step of the set-up, and the walk over a list of them: one line each, with the seconds it took."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

BEAT = 15.0
"""Seconds between two signs of life of a long step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that must be so. `done` looks and changes nothing; `do` makes it so and may be repeated."""

    name: str
    why: str
    done: Callable[[], bool]
    do: Callable[[], None]


def walk(steps: Sequence[Step]) -> None:
    """Take the steps in order and print what happens. Whatever a step raises ends the walk."""
    begun = time.monotonic()
    for number, step in enumerate(steps, start=1):
        label = f"[{number}/{len(steps)}] {step.name}"
        if step.done():
            say(f"{label}: already there")
            continue
        say(f"{label}: {step.why} ...")
        since = time.monotonic()
        with _signs_of_life(label, since):
            step.do()
        say(f"{label}: done in {time.monotonic() - since:.0f} s")
    say(f"Everything is in place ({time.monotonic() - begun:.0f} s).")


@contextmanager
def _signs_of_life(label: str, since: float) -> Iterator[None]:
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT):
            say(f"{label}: still at it after {time.monotonic() - since:.0f} s")

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def say(line: str) -> None:
    """Print one line now, also when the output is a pipe."""
    print(line, flush=True)
