"""The values in Parameter Store and Secrets Manager, in exactly the versions that were found: for one deploy."""

import json
from collections.abc import Mapping

from runners.aws import configuration
from runners.aws.errors import AwsRefused
from runners.aws.session import Account
from runners.contract import ActionFailed
from storage.model.worded import worded

_GONE = ("ParameterNotFound", "ParameterVersionNotFound", "ResourceNotFoundException")


async def read(account: Account, pinned: Mapping[str, str]) -> dict[str, str]:
    """Give the value of each variable (variable -> `parameter:/hello/db@7`, `secret:hello/api:key@VERSION`).

    Raises `ActionFailed` when one is not there any more, or is no text. No value is ever in what is raised.
    """
    texts: dict[tuple[str, str, str], str] = {}
    found = {}
    for variable, each in pinned.items():
        reference, _, version = each.rpartition("@")
        kind, name, key = [*reference.split(":"), ""][:3]
        place = (kind, name, version)
        if place not in texts:
            texts[place] = await _text(account, *place)
        found[variable] = _held(_part(texts[place], key, reference) if key else texts[place], reference)
    return found


async def _text(account: Account, kind: str, name: str, version: str) -> str:
    try:
        if kind == "parameter":
            named = f"{name}:{version}" if version else name
            answer = await account.call("ssm", "get_parameter", Name=named, WithDecryption=True)
            return str(answer["Parameter"]["Value"])
        which = {"VersionId": version} if version else {}
        answer = await account.call("secretsmanager", "get_secret_value", SecretId=name, **which)
    except AwsRefused as refused:
        if refused.code in _GONE:
            raise configuration.lacking(f"{kind}:{name}") from refused
        raise
    if "SecretString" not in answer:
        raise _no_text(f"{kind}:{name}")
    return str(answer["SecretString"])


def _part(text: str, key: str, reference: str) -> str:
    """Give what stands under a key of JSON. What cannot be read is not quoted: it is the secret itself."""
    try:
        found = json.loads(text)[key]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise configuration.lacking(reference) from None
    return found if isinstance(found, str) else json.dumps(found)


def _held(value: str, reference: str) -> str:
    """Give what a variable can hold; the engine would quote any other in what it says."""
    if "\0" in value:
        raise _no_text(reference)
    return value


def _no_text(reference: str) -> ActionFailed:
    return ActionFailed(
        worded("{reference} is no text", reference=reference),
        hint=worded("keep it as text: a variable of a container cannot hold anything else"),
        error="configuration_missing",
    )
