"""Image registries in ECR: logins that last for hours, repositories made as declared, and what the scan has found."""

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any

from runners.aws.errors import AwsRefused
from runners.aws.session import Account, Clouds, Visitor
from runners.contract import ActionFailed, Sink
from runners.crash import crash_here
from storage.model.catalog import Json
from storage.model.cloud import Ecr, Severity
from storage.model.worded import worded

ERRORS = {
    "scan_blocked": "the image scan found something as bad as the catalog does not allow, or worse",
    "scan_missing": "the findings of the image scan were not there in time",
}
_OURS = {"Key": "managed-by", "Value": "estiva"}
_GONE = Visitor(name="estiva-registry")
_SHOWN = 5
_READY = {"COMPLETE", "ACTIVE"}
_NEVER = {"FAILED", "UNSUPPORTED_IMAGE", "FINDINGS_UNAVAILABLE", "SCAN_ELIGIBILITY_EXPIRED", "LIMIT_EXCEEDED"}
_WORST_FIRST = [severity.value.upper() for severity in Severity]


class Registries:
    """The registries of any account that the catalog names."""

    def __init__(self, clouds: Clouds, pace: float = 1.0) -> None:
        """Take the way to AWS; `pace` is 1 unless AWS's own time runs faster, as it does in tests."""
        self._clouds = clouds
        self._pace = pace

    async def login(self, ecr: Ecr) -> dict[str, str]:
        """Give a user and a password, good for twelve hours; nothing of it is kept or written anywhere."""
        account = await self._clouds.enter(ecr.aws, _GONE)
        answer = await account.call("ecr", "get_authorization_token")
        user, _, password = (
            base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode().partition(":")
        )
        return {"username": user, "password": password}

    async def ensure(self, ecr: Ecr, repository: str, visitor: Visitor, sink: Sink) -> None:
        """Have a repository, made as declared if it is not there; one that others made is only looked at."""
        account = await self._clouds.enter(ecr.aws, visitor)
        there = await _described(account, repository)
        if there is None:
            there = await _created(account, ecr, repository, sink)
        elif not await _is_ours(account, there):
            _remark(ecr, there, sink)
            return
        await _with_lifecycle(account, ecr, repository, sink)

    async def delete(self, ecr: Ecr, repository: str, digest: str) -> None:
        """Delete an image under all its tags; one that is gone is fine."""
        account = await self._clouds.enter(ecr.aws, _GONE)
        await account.call("ecr", "batch_delete_image", repositoryName=repository, imageIds=[{"imageDigest": digest}])

    async def scanned(self, ecr: Ecr, repository: str, digest: str, visitor: Visitor, sink: Sink) -> str:
        """Tell in a few words what the scan of an image found; waits for it only when something is to be blocked.

        Raises `ActionFailed` when a finding is too bad, or when there are no findings to judge by.
        """
        account = await self._clouds.enter(ecr.aws, visitor)
        try:
            found = await self._findings(account, ecr, repository, digest)
        except ActionFailed as failure:
            if ecr.block is not None:
                raise
            sink.line(f"image scan: {failure.reason}")  # nothing is to be judged: it is only not shown
            return ""
        if found is None or found["imageScanStatus"]["status"] not in _READY:
            status = found["imageScanStatus"]["status"] if found else "none yet"
            if ecr.block is None:
                sink.line(f"image scan: {status}")
                return ""
            raise ActionFailed(
                worded("the image scan of {digest} gave no findings ({status})", digest=digest[:19], status=status),
                hint=worded(
                    "see the repository's scan settings in ECR, and block and scan_timeout in the catalog; then retry"
                ),
                error="scan_missing",
                retryable=found is None or found["imageScanStatus"]["status"] not in _NEVER,
            )
        return _judged(ecr, digest, found.get("imageScanFindings", {}), sink)

    async def _findings(self, account: Account, ecr: Ecr, repository: str, digest: str) -> dict[str, Any] | None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (ecr.scan_timeout * self._pace if ecr.block else 0)
        pause = 2.0
        while True:
            found = await _scan(account, repository, digest)
            if found and found["imageScanStatus"]["status"] in _READY | _NEVER:
                return found
            if loop.time() + pause * self._pace > deadline:
                return found
            await asyncio.sleep(pause * self._pace)
            pause = min(15.0, pause * 1.5)


async def _described(account: Account, repository: str) -> dict[str, Any] | None:
    try:
        answer = await account.call("ecr", "describe_repositories", repositoryNames=[repository])
    except AwsRefused as refused:
        if refused.code == "RepositoryNotFoundException":
            return None
        raise
    return dict(answer["repositories"][0])


async def _created(account: Account, ecr: Ecr, repository: str, sink: Sink) -> dict[str, Any] | None:
    crash_here("ecr.create.before")
    try:
        answer = await account.call(
            "ecr",
            "create_repository",
            repositoryName=repository,
            imageTagMutability="IMMUTABLE" if ecr.immutable else "MUTABLE",
            imageScanningConfiguration={"scanOnPush": ecr.scan},
            tags=[_OURS],
        )
    except AwsRefused as refused:
        if refused.code == "RepositoryAlreadyExistsException":  # made by another run meanwhile
            return await _described(account, repository)
        raise
    crash_here("ecr.create.after")
    sink.line(f"repository {answer['repository']['repositoryUri']} made")
    return dict(answer["repository"])


async def _is_ours(account: Account, there: Mapping[str, Any]) -> bool:
    answer = await account.call("ecr", "list_tags_for_resource", resourceArn=there["repositoryArn"])
    return _OURS in answer["tags"]


def _remark(ecr: Ecr, there: Mapping[str, Any], sink: Sink) -> None:
    name = there["repositoryName"]
    if ecr.immutable and not str(there.get("imageTagMutability", "MUTABLE")).startswith("IMMUTABLE"):
        sink.line(f"the repository {name} was not made by Estiva and lets tags be moved; it is left as it is")
    if ecr.scan and not there.get("imageScanningConfiguration", {}).get("scanOnPush"):
        sink.line(f"the repository {name} was not made by Estiva and has no scan on push of its own")


async def _with_lifecycle(account: Account, ecr: Ecr, repository: str, sink: Sink) -> None:
    wanted = lifecycle(ecr)
    if not wanted["rules"] or await _policy(account, repository) == wanted:
        return
    crash_here("ecr.lifecycle.before")
    await account.call("ecr", "put_lifecycle_policy", repositoryName=repository, lifecyclePolicyText=json.dumps(wanted))
    crash_here("ecr.lifecycle.after")
    sink.line(f"lifecycle policy of {repository} set")


async def _policy(account: Account, repository: str) -> Json:
    try:
        answer = await account.call("ecr", "get_lifecycle_policy", repositoryName=repository)
    except AwsRefused as refused:
        if refused.code == "LifecyclePolicyNotFoundException":
            return None
        raise
    policy: Json = json.loads(answer["lifecyclePolicyText"])
    return policy


def lifecycle(ecr: Ecr) -> dict[str, list[dict[str, Any]]]:
    """Give the lifecycle policy that the catalog declares, as ECR takes it."""
    rules: list[dict[str, Any]] = []
    if ecr.untagged is not None:
        since = {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": ecr.untagged}
        rules.append({"selection": {"tagStatus": "untagged", **since}})
    if ecr.keep is not None:
        more = {"countType": "imageCountMoreThan", "countNumber": ecr.keep}
        rules.append({"selection": {"tagStatus": "tagged", "tagPatternList": ["*"], **more}})
    return {
        "rules": [{"rulePriority": n, **rule, "action": {"type": "expire"}} for n, rule in enumerate(rules, start=1)]
    }


async def _scan(account: Account, repository: str, digest: str) -> dict[str, Any] | None:
    try:
        return await account.call(
            "ecr", "describe_image_scan_findings", repositoryName=repository, imageId={"imageDigest": digest}
        )
    except AwsRefused as refused:
        if refused.code == "ScanNotFoundException":  # so it is right after the push
            return None
        raise


def _judged(ecr: Ecr, digest: str, findings: Mapping[str, Any], sink: Sink) -> str:
    counts = {name: int(number) for name, number in findings.get("findingSeverityCounts", {}).items() if number}
    known = [name for name in [*_WORST_FIRST, "INFORMATIONAL", "UNDEFINED"] if name in counts]
    said = ", ".join(f"{counts[name]} {name.lower()}" for name in known) or "nothing found"
    sink.line(f"image scan: {said}")
    bad = _WORST_FIRST[: _WORST_FIRST.index(ecr.block.value.upper()) + 1] if ecr.block else []
    listed = [*findings.get("findings", []), *findings.get("enhancedFindings", [])]
    worst = [each for name in _WORST_FIRST for each in listed if each.get("severity") == name]
    for each in worst[:_SHOWN]:
        sink.line(f"  {each['severity'].lower()}: {each.get('name') or each.get('title', '?')} {each.get('uri', '')}")
    if any(counts.get(name) for name in bad):
        raise ActionFailed(
            worded("the image scan of {digest} found {said}", digest=digest[:19], said=said),
            hint=worded(
                "mend what it names, or change block ({block}) in the catalog; the image was not released",
                block=ecr.block,
            ),
            error="scan_blocked",
        )
    return said
