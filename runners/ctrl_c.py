"""Containers that nobody may kill: told once to end, as by Ctrl-C, and then waited for.

Terraform takes a second interrupt as an order to drop everything: what it made is lost, and its state stays locked.
"""

import time
from collections.abc import Mapping
from typing import Any

from docker import APIClient
from docker.errors import APIError, NotFound

UNKILLED: Mapping[str, str] = {"ends": "when interrupted"}
"""Label of such a container."""
_TOLD = "-interrupted"
_NOT_HEARD = 2
"""Seconds in which a program that has only begun may not hear a signal: the first of a container is spared it."""
_TOO_LATE = (400, 409)
"""It has ended meanwhile, or somebody else has just told it."""


def unkilled(container: Mapping[str, Any]) -> bool:
    """Tell whether a container, as the engine lists it, runs and is to be interrupted and waited for."""
    label = container["Labels"].get("estiva.ends")
    return label == UNKILLED["ends"] and container["State"] in ("running", "paused")


def interrupt(engine: APIClient, container: Mapping[str, Any]) -> None:
    """Interrupt a container that runs, once in its life: its name says that it was. One that has just begun is spared.

    The name changes first. Whoever dies between the two leaves a program that goes on to its end as if nobody had said
    anything: that is whole, as what a second interrupt leaves is not.
    """
    name = container["Names"][0].lstrip("/")
    if name.endswith(_TOLD) or time.time() - container["Created"] < _NOT_HEARD:
        return
    try:
        engine.rename(container["Id"], f"{name}{_TOLD}")
        engine.kill(container["Id"], signal="SIGINT")
    except NotFound:
        pass
    except APIError as error:
        if error.status_code not in _TOO_LATE:
            raise
