"""The images of a service on an engine: which there are, which are surely ours, and how they lose their names."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from docker.errors import APIError, NotFound

from runners.containers import Containers
from runners.leftovers import labelled_last


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image, with its names in the service's repository."""

    id: str
    names: tuple[str, ...]
    """`repository:tag` and `repository@digest`."""
    run: str
    """The run that built it, when its labels say so."""
    created: int
    size: int

    @property
    def digests(self) -> frozenset[str]:
        """Under which the registry knows it."""
        return frozenset(name.partition("@")[2] for name in self.names if "@" in name)


class Images:
    """The engine of this machine."""

    def __init__(self, containers: Containers) -> None:
        """Take the engine."""
        self._containers = containers

    async def of(self, repository: str, known: Collection[str]) -> list[Image]:
        """List the images of a repository that are ours and that no container uses, newest first.

        Ours is what our labels end with, and what is `known`, by id or digest, to have been made by a run.
        """

        def look(engine: Any) -> list[Image]:
            used = {each["ImageID"] for each in engine.containers(all=True)}
            found = [_image(each, repository) for each in engine.images(name=repository) if each["Id"] not in used]
            ours = [each for each in found if each.names and self._ours(engine, each, known)]
            return sorted(ours, key=lambda each: (-each.created, -_number(each.run), each.id))

        return await self._containers.ask(look)

    async def forget_all(self, repository: str) -> None:
        """Take away every name in a repository; what a container uses stays."""

        def remove(engine: Any) -> None:
            for each in engine.images(name=repository):
                for name in _image(each, repository).names:
                    _unnamed(engine, name)

        await self._containers.ask(remove)

    async def forget(self, image: Image) -> bool:
        """Take its names away, which removes it unless it has others; false when it is used by now."""

        def remove(engine: Any) -> bool:
            return all(_unnamed(engine, name) for name in image.names)

        return await self._containers.ask(remove)

    def _ours(self, engine: Any, image: Image, known: Collection[str]) -> bool:
        if image.id in known or not image.digests.isdisjoint(known):
            return True
        try:
            labels = engine.inspect_image(image.id)["Config"]["Labels"] or {}
        except NotFound:
            return False
        return labels.get("estiva.namespace") == self._containers.namespace and labelled_last(engine, image.id)


def _image(each: Mapping[str, Any], repository: str) -> Image:
    names = [*(each.get("RepoTags") or ()), *(each.get("RepoDigests") or ())]
    labels = each.get("Labels") or {}
    return Image(
        id=each["Id"],
        names=tuple(name for name in names if name.startswith((f"{repository}:", f"{repository}@"))),
        run=labels.get("estiva.key", "").partition("/")[0],
        created=int(each["Created"]),
        size=int(each.get("Size") or 0),
    )


def _number(run: str) -> int:
    """Number of a run: who was built later, of two that were built in the same second."""
    number = run.rpartition("-")[2]
    return int(number) if number.isascii() and number.isdecimal() else 0


def _unnamed(engine: Any, name: str) -> bool:
    """Never by force: what a container or another image needs is refused, and stays."""
    try:
        engine.remove_image(name)
    except NotFound:
        return True
    except APIError as error:
        if error.status_code != 409:  # noqa: PLR2004 - conflict: it is used
            raise
        return False
    return True
