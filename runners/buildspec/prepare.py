"""The phases before the first command: get the image, read the file, get the values that it names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from docker.errors import APIError, ImageNotFound

from runners.buildspec.model import Buildspec, BuildspecInvalid
from runners.buildspec.nodes import text_in
from runners.buildspec.order import NoBuild, Order
from runners.buildspec.parser import parse
from runners.buildspec.references import Unresolved, Values, resolve

NO_IMAGE = "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A buildspec that can be run."""

    spec: Buildspec
    path: str
    secret: dict[str, str] = field(default_factory=dict)
    """Values of Parameter Store and Secrets Manager, by variable."""


def provision(engine: Any, order: Order) -> None:
    """See that the image is there and allowed, or pull it. Raises `NoBuild`."""
    image = order.about.image
    if order.images is not None and not any(fnmatchcase(image, pattern) for pattern in order.images):
        raise NoBuild(NO_IMAGE, f"the catalog does not let this build run in {image}")
    try:
        engine.inspect_image(image)
    except ImageNotFound as error:
        if not order.pull:
            raise NoBuild(NO_IMAGE, f"there is no image {image} on this machine") from error
        _pull(engine, image, order.login(image))


def read(order: Order) -> Prepared:
    """Read the buildspec. Raises `NoBuild`; slow for a large file, which is the repository's."""
    path, text = _found(order)
    try:
        return Prepared(spec=parse(text), path=path)
    except BuildspecInvalid as error:
        more = f" (and {len(error.problems) - 1} more)" if error.problems[1:] else ""
        raise NoBuild(
            "YAML_FILE_ERROR",
            f"{error.problems[0]}{more}",
            details=tuple(f"{path}: {problem}" for problem in error.problems),
            place=path,
        ) from error


def completed(prepared: Prepared, order: Order, values: Values) -> Prepared:
    """Get the values that the file names. Raises `NoBuild`; asks AWS."""
    try:
        secret = resolve(prepared.spec, values, [*order.fixed, *order.overrides])
    except Unresolved as error:
        raise NoBuild(error.code, error.message) from error
    return Prepared(spec=prepared.spec, path=prepared.path, secret=secret)


def _pull(engine: Any, image: str, login: Mapping[str, str] | None) -> None:
    name, _, tag = image.rpartition(":")
    repository, wanted = (name, tag) if name and "/" not in tag and "@" not in image else (image, None)
    try:
        engine.pull(
            repository, tag=wanted or (None if "@" in image else "latest"), auth_config=dict(login) if login else None
        )
    except APIError as error:
        said = " ".join(str(error.explanation or error).split())
        raise NoBuild(NO_IMAGE, f"{image}: {said}") from error


def _found(order: Order) -> tuple[str, str]:
    """Find the buildspec: the one named, else `buildspec.yml`, else `buildspec.yaml`."""
    names = [order.buildspec] if order.buildspec else ["buildspec.yml", "buildspec.yaml"]
    for name in names:
        place = (order.source / name).resolve()
        if place.is_file() and place.is_relative_to(order.source.resolve()):
            return name, text_in(place)
    raise NoBuild("YAML_FILE_ERROR", f"stat {names[0]}: no such file or directory")
