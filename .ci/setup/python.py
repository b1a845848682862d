"""Our virtual environment and the Python packages in it, exactly as locked."""

from environment import Environment
from places import LOCK, ROOT, VENV
from step import Step

OURS = Environment(folder=VENV)
DECIDES = (LOCK, ROOT / "pyproject.toml")


def has_packages() -> bool:
    """Tell whether the packages of the lock, and Estiva itself, were installed here."""
    return OURS.has_all_of(*DECIDES) and (VENV / "bin" / "estiva").exists()


def install_packages() -> None:
    """Install the lock with every hash checked, then Estiva itself from this checkout, so that edits are live."""
    OURS.install("--require-hashes", "-r", LOCK)
    OURS.install("--no-deps", "--no-build-isolation", "-e", ROOT)
    OURS.note(*DECIDES)


ENVIRONMENT = Step(name="virtual environment", why="a Python of our own in .venv", done=OURS.works, do=OURS.make)
PACKAGES = Step(
    name="Python packages",
    why="as locked in .ci/requirements.txt, about a minute",
    done=has_packages,
    do=install_packages,
)
