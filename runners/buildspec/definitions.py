"""`imagedefinitions.json`, as a build leaves it: which image is the service's."""

import json

from runners.buildspec.leavings import read_left
from runners.contract import ActionFailed, Work
from storage.model.worded import worded

FILE = "imagedefinitions.json"
ERRORS = {
    "wrong_image": "the build names an image that is not this service's",
    "bad_image_definitions": "imagedefinitions.json cannot be read",
}


def image_uri(work: Work) -> str | None:
    """Give the image of the service, as the build's artifacts name it; `None` when they name none."""
    text = read_left(work.workspace / "artifacts", FILE)
    if text is None:
        return None
    try:
        entries = json.loads(text)
        named = [each for each in entries if each["name"] == work.service.name] or entries
        return str(named[0]["imageUri"])
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ActionFailed(
            worded("imagedefinitions.json cannot be read"),
            hint=worded("it should be {shape}", shape='[{"name": "...", "imageUri": "..."}]'),
            error="bad_image_definitions",
        ) from error


def wrong_image(uri: str, work: Work) -> ActionFailed:
    """Say that the image is no image of the service."""
    return ActionFailed(
        worded("imagedefinitions.json names {uri}, which is no image of {image}", uri=uri, image=work.service.image),
        hint=worded("tag the image with $IMAGE_REPOSITORY, or mend the service's image in the catalog"),
        error="wrong_image",
    )
