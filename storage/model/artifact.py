"""Names of what actions hand on to later ones. Values are strings."""

import re

REF = "ref"
"""What was asked for, `plan.ref`: the engine puts it among the artifacts of every `Work` for the source action."""
COMMIT = "commit"
"""Full commit id, 40 hexadecimal digits."""
AUTHOR = "author"
SUBJECT = "subject"
COMMITTED_AT = "committed_at"
"""ISO 8601 with offset."""
SOURCE = "source"
"""Host directory with the checked-out commit."""
IMAGE = "image"
"""Repository and tag: `127.0.0.1:5001/hello:1a2b3c4`."""
IMAGE_ID = "image_id"
"""The engine's id of the image built: `sha256:...`."""
DIGEST = "digest"
"""The registry's digest of the manifest: `sha256:...`. What is deployed is `repository@digest`."""
ADDRESS = "address"
"""Where the release answers: `http://127.0.0.1:18081`."""
CONTAINER = "container"
_CHANGES = "changes/"
_COMMIT = re.compile(r"[0-9a-f]{7,64}")


def short(ref: str) -> str:
    """Give a commit as people see it everywhere, by its first 7 digits; a branch or a tag as it is."""
    return ref[:7] if _COMMIT.fullmatch(ref) else ref


def changes(environment: str, what: str) -> str:
    """Name what is planned to be changed in the infrastructure of an environment: `what` is a stack, or a directory.

    Its value says which plan it is and what is in it; people approve exactly that.
    """
    return f"{_CHANGES}{environment}/{what}"


def runs(environment: str, stack: str) -> str:
    """Name what the service of a stack ran when its changes were planned: its value is the ARN of a revision of ECS."""
    return f"runs/{environment}/{stack}"


def is_changes(name: str) -> bool:
    """Tell whether an artifact is a plan of changes."""
    return name.startswith(_CHANGES)


NO_CHANGES = "none"
"""Value of such an artifact when there is nothing to change."""


def variable(name: str) -> str:
    """Give the name under which later actions refer to an artifact: `#{build/push.IMAGE_DIGEST}`."""
    return "IMAGE_DIGEST" if name == DIGEST else name.upper()
