"""Service deployments of ECS: what has become of deployments that the service itself no longer shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runners.aws.ecs.services import Target
from runners.aws.errors import AwsRefused
from runners.aws.session import Account
from runners.contract import Sink


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One service deployment, and what it deploys."""

    arn: str
    task_definition: str
    status: str


async def deployments(account: Account, target: Target, since: datetime, sink: Sink) -> Sequence[Past]:
    """List those since then, newest first; none where they may not be looked at, which is said."""
    try:
        listed = await account.call("ecs", "list_service_deployments", **target.named, createdAt={"after": since})
        later = [each for each in listed["serviceDeployments"] if each["createdAt"] > since]
        if not later:
            return []
        revisions = sorted({each["targetServiceRevisionArn"] for each in later})
        known = await account.call("ecs", "describe_service_revisions", serviceRevisionArns=revisions)
    except AwsRefused as refused:
        sink.line(f"earlier deployments cannot be looked at: {refused.hint}")
        return []
    what = {each["serviceRevisionArn"]: str(each["taskDefinition"]) for each in known["serviceRevisions"]}
    return [_past(each, what.get(each["targetServiceRevisionArn"], "")) for each in later]


def _past(each: dict[str, Any], task_definition: str) -> Past:
    return Past(arn=each["serviceDeploymentArn"], task_definition=task_definition, status=each["status"])
