"""What stands on a revision of ECS that is used again: for which work, and what the service used instead before."""

from datetime import UTC, datetime

from runners.aws.ecs.revisions import PREVIOUS, Revision

AFTER = "estiva:after"
"""Tag of a revision that is used again: when the newest deployment before ours began, by AWS's clock."""
REPLACED = "estiva:replaced"
"""Tag of the same: what the service used when it was used again."""


def replaced(mine: Revision) -> str:
    """Give what the service used before."""
    return mine.tags.get(REPLACED) or mine.tags.get(PREVIOUS, "")


def since(mine: Revision) -> datetime:
    """Since when a deployment of the revision is ours."""
    after = mine.tags.get(AFTER)
    if after:
        return datetime.fromisoformat(after)
    return mine.registered_at or datetime.fromtimestamp(0, UTC)
