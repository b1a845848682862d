"""What runs leave in the Docker engine: `Cleaner` of containers, networks and nameless images.

A label alone proves little. Containers inherit the labels of their image, and images those of the image that they are
built from: what somebody starts or builds by hand from an image of ours carries its labels too. So a container is ours
only by its role and its name, and an image only when our labels are the last thing that was built into it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from docker.errors import APIError, NotFound

from runners.containers import Containers
from runners.contract import Leftover
from runners.ctrl_c import interrupt, unkilled
from runners.job import remove_container
from runners.proxy import Proxy

_ROLES = ("job", "app")


class EngineLeftovers:
    """The engine of this machine."""

    def __init__(self, containers: Containers, proxy: Proxy) -> None:
        """Take the engine, and the proxy: what it sends requests to is nobody's leftover."""
        self._containers = containers
        self._proxy = proxy

    async def leftovers(self) -> Sequence[Leftover]:
        """List what carries our labels, but for the containers that get requests. Raises `Away`."""
        found = await self._containers.ask(self._all)
        releases = any(each.release for each in found)
        serving = await self._proxy.serving() if releases else set()
        return [each for each in found if not each.release or (serving is not None and each.name not in serving)]

    async def remove(self, leftover: Leftover) -> bool:
        """Remove one thing; a network or image that is used by now stays."""
        remove = _REMOVE[leftover.kind]
        return await self._containers.ask(lambda engine: remove(engine, leftover.id))

    def _all(self, engine: Any) -> list[Leftover]:
        return [*self._of_containers(engine), *self._of_networks(engine), *self._of_images(engine)]

    def _of_containers(self, engine: Any) -> list[Leftover]:
        there = engine.containers(all=True, filters=self._containers.filters())
        return [_container(each) for each in there if self._ours(each)]

    def _ours(self, container: Mapping[str, Any]) -> bool:
        labels = container["Labels"]
        named = _name(container).startswith(f"{self._containers.namespace}-")
        return named and labels.get("estiva.role") in _ROLES and bool(labels.get("estiva.run"))

    def _of_networks(self, engine: Any) -> list[Leftover]:
        there = engine.networks(filters=self._containers.filters())
        return [
            Leftover(kind="network", id=each["Id"], name=each["Name"], run=each["Labels"]["estiva.run"])
            for each in there
            if each["Labels"].get("estiva.run")
        ]

    def _of_images(self, engine: Any) -> list[Leftover]:
        """Images that have lost their name to a later build: nobody can ask for them any more."""
        there = engine.images(filters={**self._containers.filters(), "dangling": True})
        used = {each["ImageID"] for each in engine.containers(all=True)} if there else set()
        return [
            Leftover(
                kind="image", id=each["Id"], name=each["Id"][:19], run=_run_of(each["Labels"]), size=each.get("Size")
            )
            for each in there
            if each["Id"] not in used and nameless(each) and labelled_last(engine, each["Id"])
        ]


def nameless(image: Mapping[str, Any]) -> bool:
    """Tell whether an image has neither tag nor digest."""
    names = [*(image.get("RepoTags") or ()), *(image.get("RepoDigests") or ())]
    return all(name.startswith("<none>") for name in names)


def labelled_last(engine: Any, image: str) -> bool:
    """Tell whether our labels are the last thing in an image: it is the one that we built, not a child of it."""
    try:
        newest = engine.history(image)[0]
    except (NotFound, IndexError):
        return False
    return "LABEL estiva." in newest["CreatedBy"]


def _container(container: Mapping[str, Any]) -> Leftover:
    labels = container["Labels"]
    release = labels.get("estiva.environment", "") if labels["estiva.role"] == "app" else ""
    return Leftover(
        kind="container", id=container["Id"], name=_name(container), run=labels["estiva.run"], release=release
    )


def _name(container: Mapping[str, Any]) -> str:
    return str((container["Names"] or [""])[0]).lstrip("/")


def _run_of(labels: Mapping[str, str]) -> str:
    return labels.get("estiva.key", "").partition("/")[0]


def _container_removed(engine: Any, container: str) -> bool:
    """Remove it; one that may not be killed is told to end, and stays until it has."""
    there = engine.containers(filters={"id": container})
    going = [each for each in there if unkilled(each)]
    for each in going:
        interrupt(engine, each)
    if going:
        return False
    remove_container(engine, container)
    return True


def _network_removed(engine: Any, network: str) -> bool:
    return _removed(lambda: engine.remove_network(network), used=403)


def _image_removed(engine: Any, image: str) -> bool:
    return _removed(lambda: engine.remove_image(image), used=409)


def _removed(remove: Callable[[], object], used: int) -> bool:
    """Remove without force: what containers or other images need is refused with the status `used`."""
    try:
        remove()
    except NotFound:
        return True
    except APIError as error:
        if error.status_code != used:
            raise
        return False
    return True


_REMOVE: Mapping[str, Callable[[Any, str], bool]] = {
    "container": _container_removed,
    "network": _network_removed,
    "image": _image_removed,
}
