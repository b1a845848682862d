"""Whether a deploy to ECS can work, asked before anything is touched; all that is wrong is said at once."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runners.aws.configuration import described
from runners.aws.ecs.revisions import Revision
from runners.aws.ecs.services import Service
from runners.aws.ecs.strategy import ROLLING, strategy_of
from runners.aws.errors import AwsRefused
from runners.aws.session import Account
from runners.contract import ActionFailed, Sink
from storage.model.worded import joined, worded

ERRORS = {
    "not_ready": "something that the deploy needs is not there in AWS, or cannot work as it is set",
}
_SECRETS, _PARAMETERS = ":secretsmanager:", ":ssm:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """A service, the revision it uses, and what is known of the image."""

    account: Account
    service: Service
    revision: Revision
    variables: Mapping[str, str]
    sink: Sink
    settings: Mapping[str, Any] | None = None
    """How the deployment is to go; `None`: as the service says."""

    async def check(self) -> None:
        """Raise `ActionFailed` with everything that is wrong. What may not be looked at is noted, and believed."""
        looks = (
            self._cluster,
            self._roles,
            self._log_groups,
            self._secrets,
            self._parameters,
            self._subnets,
            self._security_groups,
        )
        found: list[str] = [*self._settings(), *self._names()]
        for problems in await asyncio.gather(*(self._allowed(look) for look in looks)):
            found += problems
        if found:
            raise ActionFailed(
                worded("{target} is not ready for a deploy: {found}", target=self.service.target, found=joined(found)),
                hint=worded("nothing was touched: mend this in AWS, then retry"),
                error="not_ready",
            )

    async def _allowed(self, look: Callable[[], Awaitable[Sequence[str]]]) -> Sequence[str]:
        try:
            return await look()
        except AwsRefused as refused:
            if refused.error != "aws_denied":
                raise
            self.sink.line(f"not checked beforehand: {refused.hint}")
            return []

    def _settings(self) -> list[str]:
        """What the service itself says."""
        raw = self.service.raw
        settings = self.settings if self.settings is not None else raw.get("deploymentConfiguration", {})
        found = []
        controller = raw.get("deploymentController", {}).get("type", "ECS")
        if controller != "ECS":
            found.append(
                worded(
                    "its deployment controller is {controller}, and Estiva deploys with ECS's own",
                    controller=controller,
                )
            )
        kind = strategy_of(settings)
        return found + (_arithmetic(self.service.desired, settings) if kind == ROLLING else _traffic(kind, raw))

    def _names(self) -> list[str]:
        """Variables that would stand beside a secret of the same name."""
        return [
            worded("{name} is a variable in the catalog and a secret of {container}", name=name, container=each["name"])
            for each in self.revision.containers
            for name in sorted(set(self.variables) & {secret["name"] for secret in each.get("secrets", [])})
        ]

    async def _cluster(self) -> Sequence[str]:
        answer = await self.account.call("ecs", "describe_clusters", clusters=[self.service.target.cluster])
        status = answer["clusters"][0].get("status") if answer.get("clusters") else "missing"
        return (
            []
            if status == "ACTIVE"
            else [worded("the cluster {cluster} is {status}", cluster=self.service.target.cluster, status=status)]
        )

    async def _roles(self) -> Sequence[str]:
        definition, found = self.revision.definition, []
        roles = {kind: definition.get(kind) for kind in ("taskRoleArn", "executionRoleArn")}
        if not roles["executionRoleArn"] and "FARGATE" in definition.get("requiresCompatibilities", []):
            found.append(
                worded(
                    "{revision} has no execution role, which Fargate needs to pull and to log",
                    revision=self.revision.name,
                )
            )
        for kind, arn in roles.items():
            if arn and not await self._is_there("iam", "get_role", {"NoSuchEntity"}, RoleName=arn.rpartition("/")[2]):
                found.append(worded("the role {arn} ({kind}) is not there", arn=arn, kind=kind))
        return found

    async def _log_groups(self) -> Sequence[str]:
        groups: dict[tuple[str, str], str] = {}
        for each in self.revision.containers:
            logging = each.get("logConfiguration", {})
            options = logging.get("options", {})
            if logging.get("logDriver") == "awslogs" and options.get("awslogs-create-group") != "true":
                region = options.get("awslogs-region", self.account.place.region)
                groups[region, options.get("awslogs-group", "")] = each["name"]
        found = []
        for (region, group), container in groups.items():
            answer = await self.account.at(region).call("logs", "describe_log_groups", logGroupNamePrefix=group)
            if group not in {known["logGroupName"] for known in answer["logGroups"]}:
                found.append(
                    worded("the log group {group} of {container} is not there", group=group, container=container)
                )
        return found

    async def _secrets(self) -> Sequence[str]:
        found = []
        for source in self._sources(_SECRETS):
            arn = ":".join(source.split(":")[:7])  # without key, stage and version
            missing = {"ResourceNotFoundException"}
            if not await self._is_there("secretsmanager", "describe_secret", missing, SecretId=arn):
                found.append(worded("the secret {arn} is not there", arn=arn))
        return found

    async def _parameters(self) -> Sequence[str]:
        sources = [source for source in self._sources("") if _SECRETS not in source]
        wanted = {source.partition(":parameter")[2] if _PARAMETERS in source else source for source in sources}
        # an ARN does not tell `name` from `/name`
        spelled = sorted({each for name in wanted for each in (name, name.lstrip("/"))})
        known = {each["Name"].lstrip("/") for each in await described(self.account, spelled)}
        return [
            worded("the parameter {name} is not there", name=name)
            for name in sorted(wanted)
            if name.lstrip("/") not in known
        ]

    def _sources(self, kind: str) -> list[str]:
        secrets = [secret["valueFrom"] for each in self.revision.containers for secret in each.get("secrets", [])]
        return sorted({source for source in secrets if kind in source})

    async def _subnets(self) -> Sequence[str]:
        network = self.service.raw.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
        subnets = network.get("subnets", [])
        if not subnets:
            return []
        there = await self._is_there(
            "ec2", "describe_subnets", {"InvalidSubnetID.NotFound", "InvalidSubnetId.NotFound"}, SubnetIds=subnets
        )
        return [] if there else [worded("one of the subnets {subnets} is not there", subnets=", ".join(subnets))]

    async def _security_groups(self) -> Sequence[str]:
        network = self.service.raw.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
        groups = network.get("securityGroups", [])
        if not groups:
            return []
        missing = {"InvalidGroup.NotFound", "InvalidGroupId.Malformed"}
        if await self._is_there("ec2", "describe_security_groups", missing, GroupIds=groups):
            return []
        return [worded("one of the security groups {groups} is not there", groups=", ".join(groups))]

    async def _is_there(self, service: str, operation: str, missing: Iterable[str], /, **given: Any) -> bool:
        try:
            await self.account.call(service, operation, **given)
        except AwsRefused as refused:
            if refused.code in missing:
                return False
            raise
        return True


def _traffic(kind: str, raw: Mapping[str, Any]) -> list[str]:
    """Find a service whose traffic ECS cannot shift from the old tasks to the new ones."""
    balancers = raw.get("loadBalancers", [])
    connected = any(each.get("serviceConnectConfiguration", {}).get("enabled") for each in raw.get("deployments", []))
    shifted = any("advancedConfiguration" in each for each in balancers) if balancers else connected
    if shifted or (kind == "BLUE_GREEN" and not balancers):
        return []
    return [
        worded(
            "{strategy} shifts traffic, and the service has no load balancer with an alternate target group, "
            "nor Service Connect",
            strategy=kind,
        )
    ]


def _arithmetic(desired: int, settings: Mapping[str, Any]) -> list[str]:
    """Find percentages with which ECS can neither stop an old task nor start a new one: it would wait for ever."""
    least = math.ceil(desired * settings.get("minimumHealthyPercent", 100) / 100)
    most = desired * settings.get("maximumPercent", 200) // 100
    if desired == 0 or most > desired or least < desired:
        return []
    return [
        worded(
            "with {count} tasks, {least} % and {most} % let ECS neither stop an old task nor start a new one",
            count=desired,
            least=settings.get("minimumHealthyPercent", 100),
            most=settings.get("maximumPercent", 200),
        )
    ]
