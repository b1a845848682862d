"""Whether the permissions are there: IAM itself is asked, about each on what it is needed for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from runners.aws.errors import AwsRefused
from runners.aws.permissions.need import Need
from runners.aws.session import Account
from runners.contract import ActionFailed
from runners.findings import Finding

TO_ASK = "iam:SimulatePrincipalPolicy"
"""The permission to ask."""
_UNKNOWN = "cannot be told, nothing names yet what it is for"


@dataclass(slots=True)
class _Denied:
    """Resource -> the actions that are not allowed on it."""

    missing: dict[str, list[str]] = field(default_factory=dict)
    doubtful: dict[str, list[str]] = field(default_factory=dict)


async def permissions(what: str, account: Account, needs: Iterable[Need]) -> Finding:
    """Look whether everything is allowed that is needed; names what is not, and on what."""
    together = _together(needs)
    try:
        denied = await _denied(account, together)
    except AwsRefused as refused:
        if refused.error != "aws_denied":
            return Finding(what, refused.reason, refused.hint)
        source = policy_source(account)
        return Finding(
            what,
            f"could not be looked at, {TO_ASK} is missing; needed are {', '.join(_actions(together))}",
            f"allow {TO_ASK} on {source} to {source}, as the policies in examples/aws do, then look again",
        )
    except ActionFailed as problem:
        return Finding(what, problem.reason, problem.hint)
    doubt = f"; {_UNKNOWN}: {_listed(denied.doubtful)}" if denied.doubtful else ""
    if denied.missing:
        who = account.place.role or account.identity
        mend = f"allow them to {who}; examples/aws has the policies"
        return Finding(what, f"missing: {_listed(denied.missing)}{doubt}", mend)
    sure = len(_actions(together)) - len({each for known in denied.doubtful.values() for each in known})
    return Finding(what, f"all {sure} are there{doubt}", "")


def policy_source(account: Account) -> str:
    """Give whose policies count: of a session its role."""
    arn = account.place.role or account.identity
    head, _, name = arn.partition(":assumed-role/")
    return arn if not name else f"{head.replace(':sts:', ':iam:')}:role/{name.partition('/')[0]}"


def _together(needs: Iterable[Need]) -> list[Need]:
    """Put together what is asked about the same resources: one question for all its actions."""
    found: dict[Need, dict[str, None]] = {}
    for need in needs:
        found.setdefault(replace(need, actions=()), {}).update(dict.fromkeys(need.actions))
    return [replace(about, actions=tuple(actions)) for about, actions in found.items()]


async def _denied(account: Account, needs: Sequence[Need]) -> _Denied:
    found = _Denied()
    for need in needs:
        into = found.missing if need.known else found.doubtful
        for action, resource in await _of_a_need(account, need):
            known = into.setdefault(resource, [])
            if action not in known:
                known.append(action)
    return found


async def _of_a_need(account: Account, need: Need) -> list[tuple[str, str]]:
    """Give each action and resource that is not allowed. AWS would take `*` where no resource is named."""
    context = {"aws:RequestedRegion": account.place.region, **dict(need.context)}
    asked = account.pages(
        "iam",
        "simulate_principal_policy",
        PolicySourceArn=policy_source(account),
        ActionNames=[*need.actions],
        ResourceArns=[*need.on],
        ContextEntries=[
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for key, value in context.items()
        ],
    )
    found: list[tuple[str, str]] = []
    async for page in asked:
        for each in page["EvaluationResults"]:
            specific = each.get("ResourceSpecificResults") or [
                {"EvalResourceName": name, "EvalResourceDecision": each["EvalDecision"]} for name in need.on
            ]
            denied = [one["EvalResourceName"] for one in specific if one["EvalResourceDecision"] != "allowed"]
            found += [(each["EvalActionName"], resource) for resource in denied]
    return found


def _actions(needs: Iterable[Need]) -> list[str]:
    return list(dict.fromkeys(action for need in needs for action in need.actions))


def _listed(denied: Mapping[str, Sequence[str]]) -> str:
    """Say each action with its resources; those that are denied the same are said once."""
    found: dict[str, list[str]] = {}
    for resource, actions in denied.items():
        found.setdefault(", ".join(actions), []).append(resource)
    return "; ".join(f"{actions} on {', '.join(resources)}" for actions, resources in found.items())
