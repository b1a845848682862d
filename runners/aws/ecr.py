"""Image registries in ECR: logins that last for hours, repositories made as declared, and what the scan has found."""

import asyncio
import base64
from collections.abc import Mapping
from typing import Any

from runners.aws import repositories
from runners.aws.errors import AwsRefused
from runners.aws.session import Account, Clouds, Visitor
from runners.contract import ActionFailed, Sink
from storage.model.cloud import Ecr, Severity
from storage.model.worded import worded

ERRORS = {
    "scan_blocked": "the image scan found something as bad as the catalog does not allow, or worse",
    "scan_missing": "the findings of the image scan were not there in time",
}
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

    async def login(self, ecr: Ecr, visitor: Visitor) -> dict[str, str]:
        """Give a user and a password, good for twelve hours; nothing of it is kept or written anywhere."""
        account = await self._clouds.enter(ecr.aws, visitor)
        answer = await account.call("ecr", "get_authorization_token")
        user, _, password = (
            base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode().partition(":")
        )
        return {"username": user, "password": password}

    async def ensure(self, ecr: Ecr, repository: str, visitor: Visitor, sink: Sink) -> None:
        """Have a repository as declared: made, or changed when it is ours; one that others made is only looked at."""
        await repositories.ensure(await self._clouds.enter(ecr.aws, visitor), ecr, repository, sink)

    async def delete(self, ecr: Ecr, repository: str, digest: str, visitor: Visitor) -> None:
        """Delete an image under all its tags; one that is gone is fine."""
        account = await self._clouds.enter(ecr.aws, visitor)
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
