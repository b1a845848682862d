"""Labelled places where a test may end the process as if the power had gone."""

import os
import signal
from collections import Counter

ARMED = "ESTIVA_CRASH_AT"
"""Environment variable: `name` or `name:nth` (1 is the first passing)."""
SIGNAL = "ESTIVA_CRASH_BY"
"""Environment variable: the signal's name; SIGKILL unless it is set."""
ONCE = "ESTIVA_CRASH_ONCE"
"""Environment variable: a file. Of all processes that are armed with it only the first one is hit: it makes it."""

_passed: Counter[str] = Counter()


def crash_here(name: str) -> None:
    """Do nothing, unless the environment arms this very place: then the process dies by SIGKILL, no clean-up."""
    armed = os.environ.get(ARMED)
    if not armed:
        return
    wanted, _, nth = armed.partition(":")
    if wanted != name:
        return
    _passed[name] += 1
    if _passed[name] == int(nth or 1) and _is_the_first():
        os.kill(os.getpid(), signal.Signals[os.environ.get(SIGNAL, "SIGKILL")])


def _is_the_first() -> bool:
    path = os.environ.get(ONCE)
    if path is None:
        return True
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True
