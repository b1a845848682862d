"""Where in AWS something is, and how its image registry is kept: as the catalog says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

SERVICES = (
    *("cloudformation", "codebuild", "codepipeline", "ec2", "ecr", "ecs", "iam", "logs"),
    *("s3", "secretsmanager", "sqs", "ssm", "sts"),
)
"""The services of AWS that Estiva asks, as AWS's SDK calls them."""


class Severity(StrEnum):
    """How bad a finding of an image scan is, the worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aws:
    """One account in one region, and as whom Estiva works there."""

    account: str
    """Twelve digits. Checked before anything is asked or changed there."""
    region: str
    role: str | None = None
    """ARN of the role that is assumed; `None`: as whoever the credentials of Estiva's own process are."""
    external_id: str | None = None
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """Service (`ecs`, `sts`) -> the address at which it answers, when it is not AWS's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ecr:
    """An image registry in ECR: where, and how a repository is made that is not there yet."""

    aws: Aws
    immutable: bool = True
    """Tags cannot be moved."""
    scan: bool = True
    """Images are scanned when they are pushed."""
    block: Severity | None = None
    """An image with a finding as bad as this, or worse, goes no further than where it was pushed."""
    scan_timeout: int = 300
    """Seconds in which the findings have to be there, when `block` is set."""
    keep: int | None = None
    """How many images with a tag stay in a repository; `None`: all of them."""
    untagged: int | None = None
    """Days for which an image stays that has no tag any more; `None`: for ever."""
