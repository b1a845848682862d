"""The whole bot, with a look at how late its event loop is: `watched.py FILE`, settings from the environment.

Every 10 ms something wants to run; how many milliseconds late it does is a line in FILE.
"""

import asyncio
import sys
from pathlib import Path

from bot.compose import estiva
from bot.local import LocalAccess
from bot.settings import Settings

_EVERY = 0.01


async def main(file: Path) -> None:
    """Serve until killed."""
    settings = Settings()
    access = LocalAccess.read(settings.data)
    assert access is not None
    async with estiva(settings.model_copy(update=access.settings())) as running, asyncio.TaskGroup() as group:
        group.create_task(running.run())
        group.create_task(_watch(file))


async def _watch(file: Path) -> None:
    loop = asyncio.get_running_loop()
    with file.open("w", buffering=1) as out:
        while True:
            due = loop.time() + _EVERY
            await asyncio.sleep(_EVERY)
            out.write(f"{(loop.time() - due) * 1000:.3f}\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
