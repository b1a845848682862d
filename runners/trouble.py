"""The engine's own trouble, told as such: who only asked for a build cannot mend a missing bridge."""

import re

from docker.errors import APIError

from runners.containers import EngineUnavailable
from storage.model.worded import worded

_NETWORK = re.compile(
    r"docker0|network bridge|no available IPv4|iptables|failed to (?:create|set up)\b.*\b(?:endpoint|networking)",
    re.IGNORECASE,
)
_DISK = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_OF_A_COMMAND = "The command "
"""How the builder begins when a command of the Dockerfile failed, whatever that wrote."""


def trouble_of(error: APIError) -> EngineUnavailable | None:
    """Tell whether an answer is about the engine and its machine: what it refuses has a number below 500."""
    said = str(error.explanation or error)
    return trouble_in(said) or (EngineUnavailable(_sick(said)) if error.is_server_error() else None)


def trouble_in(said: str) -> EngineUnavailable | None:
    """Tell whether the engine speaks of itself or its machine in what it says about a build."""
    if said.startswith(_OF_A_COMMAND):
        return None
    if _DISK.search(said):
        return EngineUnavailable(
            worded(
                "this machine has no room left ({said}). Make some (`docker system df` shows where); then retry.",
                said=said,
            )
        )
    return EngineUnavailable(_sick(said)) if _NETWORK.search(said) else None


def _sick(said: str) -> str:
    return worded(
        "the Docker engine cannot do its part ({said}). See its own log (`journalctl -u docker`); "
        "where a network or a bridge is missing, restart it; then retry.",
        said=said,
    )
