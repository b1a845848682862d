"""What deploys to a Docker engine need: the secrets of the catalog, which they read themselves."""

from collections.abc import Iterator

from runners.aws.permissions.need import Arns, Need
from storage.model.catalog import Catalog, Environment

LOOK = ("ssm:DescribeParameters",)
ON_PARAMETER = ("ssm:GetParameter",)
ON_SECRET = ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")


def needs(catalog: Catalog, environment: Environment, arns: Arns) -> Iterator[Need]:
    """Give what is needed for the secrets of every service that is deployed to a Docker engine there."""
    for service in catalog.services.values():
        if service.actions(environment.name, "docker"):
            named = [each.split(":") for each in service.secrets.get(environment.name, {}).values()]
            parameters = {arns.parameter(name) for kind, name, *_ in named if kind == "parameter"}
            secrets = {arns.secret(name) for kind, name, *_ in named if kind == "secret"}
            if parameters:
                yield Need(actions=LOOK)
                yield Need(actions=ON_PARAMETER, on=tuple(sorted(parameters)))
            if secrets:
                yield Need(actions=ON_SECRET, on=tuple(sorted(secrets)))
