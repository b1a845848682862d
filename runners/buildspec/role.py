"""A build that works as the role of its environment: with which keys, and whose win."""

from collections.abc import Mapping

from runners import job
from runners.aws.session import Clouds, Visitor
from runners.buildspec.order import Order
from runners.buildspec.prepare import Prepared
from runners.containers import Containers
from runners.contract import Work

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
"""Region and account are no secret: a build has them anyway."""


async def keys_of(work: Work, key: str, containers: Containers, clouds: Clouds) -> Mapping[str, str]:
    """Give the keys of the role, as variables, to the build of a key.

    A build that was begun by a process that died keeps the keys that it began with: by these its log is masked. Raises
    `ActionFailed` when the environment has no account, and when it cannot be entered.
    """
    given = await job.begun(containers, key, work)
    if given is None:
        account, _ = await clouds.within(work.environment, Visitor.of(work))
        given = await account.credentials()
    return {name: given[name] for name in KEYS if name in given}


def taken(order: Order, prepared: Prepared) -> Mapping[str, str]:
    """Give the keys of the role, unless the file or the caller has keys of its own: half of each would be no keys."""
    own = {*prepared.spec.variables, *prepared.secret, *order.overrides}
    return {} if own.intersection(KEYS) else order.keys
