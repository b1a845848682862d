"""Configuration that stands in Parameter Store and Secrets Manager: where it is, and in which version; never a value.

The catalog names it, the containers get it (from ECS, or as `values` reads it), and a plan pins the versions: what was
approved is what is released, or nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runners.aws.errors import AwsRefused
from runners.aws.session import Account
from runners.contract import ActionFailed
from storage.model.worded import joined, worded

ERRORS = {
    "configuration_missing": "a parameter or secret that the catalog names is not there",
    "configuration_changed": "a parameter or secret has another version than when the run was planned and approved",
}
_PARAMETER, _SECRET = "parameter:", "secret:"
_AT_ONCE = 50
_CURRENT = "AWSCURRENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the value of a variable is now."""

    value_from: str
    """As a task definition takes it."""
    pinned: str
    """`parameter:/hello/db@7`: the reference, with the version that it has."""


async def sources(account: Account, references: Mapping[str, str]) -> Mapping[str, Source]:
    """Look up where the variables come from (variable -> `parameter:NAME`, `secret:NAME`, `secret:NAME:KEY`).

    Raises `ActionFailed` with everything that is not there.
    """
    if not references:
        return {}
    names = sorted({each.removeprefix(_PARAMETER) for each in references.values() if each.startswith(_PARAMETER)})
    parameters = await _parameters(account, names)
    secrets = {each.split(":")[1] for each in references.values() if each.startswith(_SECRET)}
    known = {name: await _secret(account, name) for name in sorted(secrets)}
    found = {variable: _source(each, parameters, known) for variable, each in references.items()}
    missing = [references[variable] for variable, source in found.items() if source is None]
    if missing:
        raise lacking(*missing)
    return {variable: source for variable, source in found.items() if source is not None}


def lacking(*references: str) -> ActionFailed:
    """Say that these are not there."""
    return ActionFailed(
        joined([worded("{reference} is not there", reference=each) for each in sorted(set(references))]),
        hint=worded("make it in this account and region, or mend the service's secrets in the catalog"),
        error="configuration_missing",
    )


def check(found: Mapping[str, Source], pinned: Mapping[str, str]) -> None:
    """Raise `ActionFailed` unless everything is as it was when the run was planned."""
    changed = sorted(name for name, source in found.items() if name in pinned and pinned[name] != source.pinned)
    if changed:
        raise ActionFailed(
            worded("the configuration has changed since this was planned: {names}", names=", ".join(changed)),
            hint=worded("nothing was touched: deploy again, so that what is released now is what is approved"),
            error="configuration_changed",
        )


def _source(reference: str, parameters: Mapping[str, Source], secrets: Mapping[str, Source | None]) -> Source | None:
    if reference.startswith(_PARAMETER):
        return parameters.get(reference.removeprefix(_PARAMETER))
    if not reference.startswith(_SECRET):
        return None
    _, name, key = [*reference.split(":"), ""][:3]
    secret = secrets[name]
    if secret is None or not key:
        return secret
    version = secret.pinned.rpartition("@")[2]
    return Source(value_from=f"{secret.value_from}:{key}::", pinned=f"{reference}@{version}")


async def _parameters(account: Account, names: list[str]) -> dict[str, Source]:
    return {
        each["Name"]: Source(
            value_from=_arn(account, each["Name"]), pinned=f"{_PARAMETER}{each['Name']}@{each.get('Version', '')}"
        )
        for each in await described(account, names)
    }


async def described(account: Account, names: Sequence[str]) -> list[Mapping[str, Any]]:
    """Give AWS's descriptions of those parameters that there are, not their values: a secret is not fetched for it."""
    found: list[Mapping[str, Any]] = []
    for at in range(0, len(names), _AT_ONCE):
        by_name = {"Key": "Name", "Option": "Equals", "Values": [*names[at : at + _AT_ONCE]]}
        async for page in account.pages("ssm", "describe_parameters", ParameterFilters=[by_name]):
            found += page["Parameters"]
    return found


def _arn(account: Account, name: str) -> str:
    region = account.place.region
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    return f"arn:{partition}:ssm:{region}:{account.place.account}:parameter/{name.lstrip('/')}"


async def _secret(account: Account, name: str) -> Source | None:
    try:
        answer = await account.call("secretsmanager", "describe_secret", SecretId=name)
    except AwsRefused as refused:
        if refused.code == "ResourceNotFoundException":
            return None
        raise
    if answer.get("DeletedDate"):
        return None
    versions = answer.get("VersionIdsToStages", {})
    version = next((each for each, stages in versions.items() if _CURRENT in stages), "")
    return Source(value_from=answer["ARN"], pinned=f"{_SECRET}{name}@{version}")
