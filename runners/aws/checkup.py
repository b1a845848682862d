"""Whether what the catalog says of AWS is so: the account, and each permission that Estiva needs there."""

from collections.abc import AsyncIterator, Iterator, Sequence

from runners.aws.errors import AwsRefused
from runners.aws.session import Account, Clouds, Visitor
from runners.contract import ActionFailed
from runners.findings import Finding
from storage.model.catalog import Catalog
from storage.model.cloud import Aws

_DOCTOR = Visitor(name="estiva-doctor")
TO_PUSH = (
    *("ecr:GetAuthorizationToken", "ecr:DescribeRepositories", "ecr:CreateRepository", "ecr:TagResource"),
    *("ecr:ListTagsForResource", "ecr:GetLifecyclePolicy", "ecr:PutLifecyclePolicy", "ecr:DescribeImageScanFindings"),
    *("ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"),
    *("ecr:PutImage", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchDeleteImage"),
)
"""Permissions: what the push, and the retention of images, ask of ECR."""


async def checkup(catalog: Catalog, clouds: Clouds) -> AsyncIterator[Finding]:
    """Look at each account that the catalog names, as Estiva would enter it."""
    for what, place, needed in _places(catalog):
        try:
            account = await clouds.enter(place, _DOCTOR)
        except ActionFailed as problem:
            yield Finding(what, problem.reason, problem.hint)
            continue
        yield Finding(what, f"{account.identity} in {place.region}", "")
        yield await _permissions(f"{what}: permissions", account, needed)


def _places(catalog: Catalog) -> Iterator[tuple[str, Aws, Sequence[str]]]:
    if catalog.registry.ecr is not None:
        yield "aws for the registry", catalog.registry.ecr.aws, TO_PUSH


async def _permissions(what: str, account: Account, needed: Sequence[str]) -> Finding:
    """Ask IAM itself; where that is not allowed, nothing is known, and that is what is said."""
    try:
        answer = await account.call(
            "iam", "simulate_principal_policy", PolicySourceArn=_policy_source(account), ActionNames=[*needed]
        )
    except AwsRefused as refused:
        mend = "" if refused.code == "AccessDenied" else refused.hint
        return Finding(what, f"cannot be found out without iam:SimulatePrincipalPolicy: {', '.join(needed)}", mend)
    except ActionFailed as problem:
        return Finding(what, problem.reason, problem.hint)
    missing = [each["EvalActionName"] for each in answer["EvaluationResults"] if each["EvalDecision"] != "allowed"]
    if missing:
        who = account.place.role or account.identity
        return Finding(what, f"missing: {', '.join(missing)}", f"allow them to {who}; examples/aws has the policies")
    return Finding(what, f"all {len(needed)} are there", "")


def _policy_source(account: Account) -> str:
    """Give whose policies count: of a session its role."""
    arn = account.place.role or account.identity
    head, _, name = arn.partition(":assumed-role/")
    return arn if not name else f"{head.replace(':sts:', ':iam:')}:role/{name.partition('/')[0]}"
