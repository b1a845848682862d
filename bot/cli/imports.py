"""How what the bot is made of is read at a start."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Import within this: nothing of it is garbage, and nobody looks for any, now or later.

    Python looks through all that there is again and again while thousands of functions and classes are made, an eighth
    of a start; and once more each time that it looks through all afterwards.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
