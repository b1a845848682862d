"""`imagedefinitions.json`, as a build leaves it: which image is the service's."""

import json
from typing import NamedTuple

from runners import registry
from runners.buildspec.leavings import read_left
from runners.contract import ActionFailed, Work
from storage.model import artifact
from storage.model.worded import worded

FILE = "imagedefinitions.json"
ERRORS = {
    "wrong_image": "the build names an image that is not this service's",
    "bad_image_definitions": "imagedefinitions.json cannot be read",
}
_SHOWN = 5
"""So many images are named in an error."""


class Image(NamedTuple):
    """An image of the service, as a build names it."""

    repository: str
    reference: str
    """Its digest, or its tag."""

    @property
    def uri(self) -> str:
        """By which an engine or a registry finds it."""
        return registry.joined(self.repository, self.reference)

    @property
    def pinned(self) -> bool:
        """Whether it is named by its digest."""
        return ":" in self.reference

    def as_held(self, there: registry.Manifest) -> dict[str, str]:
        """Name it for later actions, with what the registry holds under it."""
        return {
            artifact.IMAGE: self.uri,
            artifact.DIGEST: there.digest,
            artifact.IMAGE_ID: there.config or there.digest,
        }


def image_of(work: Work) -> Image | None:
    """Give the service's image out of the build's artifacts; `None` when there is no such file.

    The file names containers, and not all are the service's: its repository tells which image is, and of several
    that are, the one that is called as the service. Raises `ActionFailed` when none is.
    """
    text = read_left(work.workspace / "artifacts", FILE)
    if text is None:
        return None
    named = _entries(text)
    images = [(name, Image(*registry.split(uri))) for name, uri in named]
    mine = [(name, image) for name, image in images if image.repository == work.service.image]
    if not mine:
        raise _wrong_image([uri for _, uri in named], work)
    return next((image for name, image in mine if name == work.service.name), mine[0][1])


def not_pushed(image: Image) -> ActionFailed:
    """Say that the registry does not have it."""
    return ActionFailed(
        worded("{image} is not in the registry", image=image.uri),
        hint=worded("let the buildspec push it before the build ends"),
        error="image_missing",
    )


def _entries(text: str) -> list[tuple[str, str]]:
    """Read containers and their images, one at least."""
    try:
        found = [(str(each["name"]), str(each["imageUri"])) for each in json.loads(text)]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise _unreadable() from error
    if not found:
        raise _unreadable()
    return found


def _unreadable() -> ActionFailed:
    return ActionFailed(
        worded("imagedefinitions.json cannot be read"),
        hint=worded("it should be {shape}", shape='[{"name": "...", "imageUri": "..."}]'),
        error="bad_image_definitions",
    )


def _wrong_image(uris: list[str], work: Work) -> ActionFailed:
    """Say which images there are instead of one of the service."""
    shown = [" ".join(uri.split())[:200] for uri in uris[:_SHOWN]] + ["…"] * (len(uris) > _SHOWN)
    return ActionFailed(
        worded(
            "imagedefinitions.json names no image of {image}, only {images}",
            image=work.service.image,
            images=", ".join(shown),
        ),
        hint=worded("tag the image with $IMAGE_REPOSITORY, or mend the service's image in the catalog"),
        error="wrong_image",
    )
