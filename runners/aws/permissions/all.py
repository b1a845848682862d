"""Everything that an environment's role needs for what the catalog has it do."""

from runners.aws.permissions import builds, changes, deploys
from runners.aws.permissions.need import Arns, Need
from runners.aws.session import Account
from storage.model.catalog import Catalog, Environment


async def needed(catalog: Catalog, environment: Environment, account: Account) -> list[Need]:
    """Give it, on what it is needed for as far as the catalog and a look at what is there can name that."""
    return [
        *await deploys.needs(catalog, environment, account),
        *await builds.needs(catalog, environment, account),
        *await changes.of_pipelines(catalog, environment, account),
        *changes.of_stacks(catalog, environment, Arns(account.place)),
    ]
