"""The emulator of AWS that tests run against, in an environment of its own: its packages need not get on with ours."""

from environment import Environment
from places import EMULATOR, EMULATOR_LOCK
from step import Step

ITS = Environment(folder=EMULATOR)


def is_there() -> bool:
    """Tell whether it is installed as locked."""
    return ITS.works() and ITS.has_all_of(EMULATOR_LOCK)


def install() -> None:
    """Install it anew, with every hash checked."""
    ITS.make()
    ITS.install("--require-hashes", "-r", EMULATOR_LOCK)
    ITS.note(EMULATOR_LOCK)


STEP = Step(
    name="emulator of AWS",
    why="ministack in .venv-emulator, as locked in .ci/emulator.txt, about 15 s",
    done=is_there,
    do=install,
)
