"""Which digest runs in an environment since when."""

from dataclasses import dataclass
from datetime import datetime

from storage.model import artifact


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One deploy that took effect. The newest of (service, environment) is what runs there."""

    service: str
    environment: str
    run: str
    commit: str
    subject: str
    author: str
    image: str
    """Repository and tag, for people."""
    digest: str
    """What runs: `sha256:...`; empty where a pipeline elsewhere knows it."""
    address: str
    by: str
    """Slack user id of the requester."""
    at: datetime
    replicas: int | None = None
    """How many containers of it run, once somebody has said how many; `None`: as many as the target itself chooses."""

    @property
    def what(self) -> str:
        """Tell it from others: by its image, or its commit where a pipeline elsewhere builds and hands on no digest."""
        return self.digest or self.commit


def artifacts_of(release: Release) -> dict[str, str]:
    """Give what a release is known by, under the names that actions hand on."""
    known = {
        artifact.COMMIT: release.commit,
        artifact.SUBJECT: release.subject,
        artifact.AUTHOR: release.author,
        artifact.IMAGE: release.image,
        artifact.DIGEST: release.digest,
    }
    return {name: value for name, value in known.items() if value}
