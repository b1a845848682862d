"""A repository of ECR: made as the catalog declares it, and kept so as long as it is ours."""

import json
from collections.abc import Mapping
from typing import Any

from runners.aws.errors import AwsRefused
from runners.aws.session import Account
from runners.contract import Sink
from runners.crash import crash_here
from storage.model.catalog import Json
from storage.model.cloud import Ecr

_OURS = {"Key": "managed-by", "Value": "estiva"}
_TAGS = {True: "IMMUTABLE", False: "MUTABLE"}
_KEPT = {True: "cannot be moved", False: "may be moved"}


async def ensure(account: Account, ecr: Ecr, repository: str, sink: Sink) -> None:
    """Have a repository as declared; one that others made is only looked at."""
    there = await _described(account, repository) or await _made(account, ecr, repository, sink)
    if there is None:  # another run has made it meanwhile
        there = await _of(account, repository)
    if not await _is_ours(account, there):
        _remark(ecr, there, sink)
        return
    await _with_tags(account, ecr, there, sink)
    await _with_scan(account, ecr, there, sink)
    await _with_lifecycle(account, ecr, repository, sink)


def lifecycle(untagged: int | None, keep: int | None) -> dict[str, list[dict[str, Any]]]:
    """Give the lifecycle policy, as ECR takes it, that lets so many days and images stay."""
    rules: list[dict[str, Any]] = []
    if untagged is not None:
        since = {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": untagged}
        rules.append({"selection": {"tagStatus": "untagged", **since}})
    if keep is not None:
        more = {"countType": "imageCountMoreThan", "countNumber": keep}
        rules.append({"selection": {"tagStatus": "tagged", "tagPatternList": ["*"], **more}})
    return {
        "rules": [{"rulePriority": n, **rule, "action": {"type": "expire"}} for n, rule in enumerate(rules, start=1)]
    }


async def _of(account: Account, repository: str) -> dict[str, Any]:
    answer = await account.call("ecr", "describe_repositories", repositoryNames=[repository])
    return dict(answer["repositories"][0])


async def _described(account: Account, repository: str) -> dict[str, Any] | None:
    try:
        return await _of(account, repository)
    except AwsRefused as refused:
        if refused.code == "RepositoryNotFoundException":
            return None
        raise


async def _made(account: Account, ecr: Ecr, repository: str, sink: Sink) -> dict[str, Any] | None:
    """Make it; gives nothing when it is there already."""
    crash_here("ecr.create.before")
    try:
        answer = await account.call(
            "ecr",
            "create_repository",
            repositoryName=repository,
            imageTagMutability=_TAGS[ecr.immutable],
            imageScanningConfiguration={"scanOnPush": ecr.scan},
            tags=[_OURS],
        )
    except AwsRefused as refused:
        if refused.code == "RepositoryAlreadyExistsException":
            return None
        raise
    crash_here("ecr.create.after")
    sink.line(f"repository {answer['repository']['repositoryUri']} made")
    return dict(answer["repository"])


async def _is_ours(account: Account, there: Mapping[str, Any]) -> bool:
    answer = await account.call("ecr", "list_tags_for_resource", resourceArn=there["repositoryArn"])
    return _OURS in answer["tags"]


def _remark(ecr: Ecr, there: Mapping[str, Any], sink: Sink) -> None:
    """Say what of a repository of others is not as declared."""
    whose = f"the repository {there['repositoryName']} was not made by Estiva"
    if ecr.immutable and not _immutable(there):
        sink.line(f"{whose} and lets tags be moved; it is left as it is")
    if not ecr.immutable and _immutable(there):
        sink.line(f"{whose} and lets no tag be moved, which the catalog would allow; it is left as it is")
    if ecr.scan and not _scans(there):
        sink.line(f"{whose} and has no scan on push of its own")
    if ecr.keep is not None or ecr.untagged is not None:
        sink.line(f"{whose}: what the catalog says of keep and untagged does not hold for it")


async def _with_tags(account: Account, ecr: Ecr, there: Mapping[str, Any], sink: Sink) -> None:
    """Exceptions that somebody has made for some tags stay: the catalog knows no word for them."""
    if _immutable(there) == ecr.immutable:
        return
    wanted = _TAGS[ecr.immutable]
    await _set(account, there["repositoryName"], "put_image_tag_mutability", imageTagMutability=wanted)
    sink.line(f"tags of {there['repositoryName']} {_KEPT[ecr.immutable]} from now on, as the catalog says")


async def _with_scan(account: Account, ecr: Ecr, there: Mapping[str, Any], sink: Sink) -> None:
    if _scans(there) == ecr.scan:
        return
    name, wanted = there["repositoryName"], {"scanOnPush": ecr.scan}
    try:
        await _set(account, name, "put_image_scanning_configuration", imageScanningConfiguration=wanted)
    except AwsRefused as refused:
        if refused.code != "ValidationException":
            raise
        # the settings of the whole registry may leave nothing to say for one repository
        sink.line(f"scan on push of {name} cannot be set: {refused.reason}")
        return
    sink.line(f"scan on push of {name} is {'on' if ecr.scan else 'off'} from now on, as the catalog says")


async def _with_lifecycle(account: Account, ecr: Ecr, repository: str, sink: Sink) -> None:
    wanted, known = lifecycle(ecr.untagged, ecr.keep), await _policy(account, repository)
    if wanted["rules"]:
        if known != wanted:
            await _set(account, repository, "put_lifecycle_policy", lifecyclePolicyText=json.dumps(wanted))
            sink.line(f"lifecycle policy of {repository} set")
    elif known is not None and not _written_here(known):
        sink.line(f"the lifecycle policy of {repository} was not written by Estiva; it is left as it is")
    elif known is not None:
        await _without_lifecycle(account, repository, sink)


async def _without_lifecycle(account: Account, repository: str, sink: Sink) -> None:
    try:
        await _set(account, repository, "delete_lifecycle_policy")
    except AwsRefused as refused:
        if refused.code != "LifecyclePolicyNotFoundException":  # which another run has deleted meanwhile
            raise
    sink.line(f"lifecycle policy of {repository} deleted: the catalog says neither keep nor untagged any more")


async def _set(account: Account, repository: str, operation: str, **given: Any) -> None:
    crash_here("ecr.setting.before")
    await account.call("ecr", operation, repositoryName=repository, **given)
    crash_here("ecr.setting.after")


async def _policy(account: Account, repository: str) -> Json:
    try:
        answer = await account.call("ecr", "get_lifecycle_policy", repositoryName=repository)
    except AwsRefused as refused:
        if refused.code == "LifecyclePolicyNotFoundException":
            return None
        raise
    policy: Json = json.loads(answer["lifecyclePolicyText"])
    return policy


def _written_here(policy: Any) -> bool:
    """Tell whether a policy is one that Estiva writes: whatever the numbers, and nothing else in it."""
    selections = [rule.get("selection", {}) for rule in policy.get("rules", [])]
    counts = {each.get("tagStatus"): each.get("countNumber") for each in selections}
    return bool(policy == lifecycle(counts.get("untagged"), counts.get("tagged")))


def _immutable(there: Mapping[str, Any]) -> bool:
    return str(there.get("imageTagMutability", "MUTABLE")).startswith("IMMUTABLE")


def _scans(there: Mapping[str, Any]) -> bool:
    return bool(there.get("imageScanningConfiguration", {}).get("scanOnPush"))
