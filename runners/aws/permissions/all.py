"""Everything that the roles of the catalog need: the registry's, and that of each environment."""

from runners.aws.permissions import builds, changes, containers, deploys
from runners.aws.permissions.need import Arns, Need
from runners.aws.session import Account
from storage.model.catalog import Catalog, Environment
from storage.model.cloud import Ecr


async def needed(catalog: Catalog, environment: Environment, account: Account) -> list[Need]:
    """Give it, on what it is needed for as far as the catalog and a look at what is there can name that."""
    return [
        *await deploys.needs(catalog, environment, account),
        *containers.needs(catalog, environment, Arns(account.place)),
        *await builds.needs(catalog, environment, account),
        *await changes.of_pipelines(catalog, environment, account),
        *await changes.of_stacks(catalog, environment, account),
    ]


async def of_the_registry(catalog: Catalog, ecr: Ecr, _account: Account) -> list[Need]:
    """Give what the role of the registry needs: the catalog alone says it."""
    return builds.of_the_registry(catalog, ecr)
