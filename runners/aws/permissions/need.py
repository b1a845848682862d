"""What a permission is needed for: actions, and the resources that they are done to."""

from collections.abc import Iterator
from dataclasses import dataclass

from storage.model.catalog import Action, Catalog, Environment, Service
from storage.model.cloud import Aws

EVERYTHING = ("*",)
"""The resource of actions that know none."""
SOME = "estiva-doctor"
"""Stands for the name of what AWS itself names: a task, a build, a stream of a log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Actions that have to be allowed on each of these resources."""

    actions: tuple[str, ...]
    on: tuple[str, ...] = EVERYTHING
    known: bool = True
    """Whether it will be these resources. A guess tells nothing when it is denied."""
    context: tuple[tuple[str, str], ...] = ()
    """What conditions of policies may ask for: `iam:PassedToService`."""


@dataclass(frozen=True, slots=True)
class Arns:
    """Writes the ARNs of what is in one account and region."""

    place: Aws

    @property
    def partition(self) -> str:
        """The part of AWS that the region is in."""
        region = self.place.region
        return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"

    def of(self, service: str, name: str, region: str | None = None) -> str:
        """Name a resource of a service; where the name is an ARN already, it is that."""
        if name.startswith("arn:"):
            return name
        return f"arn:{self.partition}:{service}:{region or self.place.region}:{self.place.account}:{name}"

    def log(self, group: str, region: str | None = None) -> str:
        """Name a stream of a log group."""
        return self.of("logs", f"log-group:{group}:log-stream:{SOME}", region)

    def parameter(self, name: str) -> str:
        """Name a parameter of Parameter Store."""
        return name if name.startswith("arn:") else self.of("ssm", f"parameter/{name.lstrip('/')}")

    def secret(self, name: str) -> str:
        """Name a secret of Secrets Manager, which puts six characters of its own behind the name."""
        return name if name.startswith("arn:") else self.of("secretsmanager", f"secret:{name}-AbCdEf")

    def bucket(self, name: str) -> str:
        """Name a bucket of S3, or an object in it."""
        return f"arn:{self.partition}:s3:::{name}"


def actions_of(catalog: Catalog, environment: Environment, kind: str) -> Iterator[tuple[Service, Action]]:
    """List what actions of a kind do in an environment: in all pipelines, and for its infrastructure."""
    for service in catalog.services.values():
        made_by = service.infra.get(environment.name)
        if made_by is not None and made_by.uses == kind:
            yield service, made_by
        for action in service.actions(environment.name, kind):
            yield service, action
