"""A piece of work in a process of its own, which dies by SIGKILL where it is told to."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from runners.crash import ARMED

_ROOT = Path(__file__).parents[2]


async def played(module: str, given: Mapping[str, Any], crash_at: str, patience: float = 60) -> tuple[int, bytes]:
    """Run a module with what it is given; give its exit code (0, or -SIGKILL) and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, json.dumps(given)),
        cwd=_ROOT,
        env={**os.environ, ARMED: crash_at, "PYTHONPATH": str(_ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, said_wrong = await asyncio.wait_for(process.communicate(), patience)
    assert process.returncode in (0, -signal.SIGKILL), said_wrong.decode()
    return process.returncode, printed


def some(places: Sequence[str], *chosen: str) -> list[object]:
    """Mark places for the sweep, but for those that are chosen for every run of the tests."""
    return [place if place in chosen else pytest.param(place, marks=pytest.mark.sweep) for place in places]
