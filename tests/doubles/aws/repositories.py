"""ECR: repositories and their settings, tokens, and scans. The images themselves are in a real registry."""

import base64
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.aws.server import ACCOUNT, REGION, Identity, Server
from tests.doubles.aws.wire import Asked, Refusal


@dataclass
class Scan:
    """What the scan of an image says: nothing until it was asked so often, then this."""

    counts: dict[str, int] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)
    after: int = 1
    status: str = "COMPLETE"


class Repositories:
    """`scan` is of every image."""

    def __init__(self, server: Server, *, user: str, password: str, host: str) -> None:
        self._token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._clock = server.clock
        self._host = host
        self.known: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, list[dict[str, str]]] = {}
        self.policies: dict[str, str] = {}
        self.scan: Scan | None = Scan()
        self.deleted: list[str] = []
        server.handlers |= {
            ("ecr", "GetAuthorizationToken"): self._authorize,
            ("ecr", "DescribeRepositories"): self._describe,
            ("ecr", "CreateRepository"): self._create,
            ("ecr", "ListTagsForResource"): self._tags,
            ("ecr", "GetLifecyclePolicy"): self._policy,
            ("ecr", "PutLifecyclePolicy"): self._put_policy,
            ("ecr", "DeleteLifecyclePolicy"): self._delete_policy,
            ("ecr", "PutImageTagMutability"): self._put_mutability,
            ("ecr", "PutImageScanningConfiguration"): self._put_scanning,
            ("ecr", "DescribeImageScanFindings"): self._findings,
            ("ecr", "BatchDeleteImage"): self._delete,
        }

    def add(self, name: str, *, mutable: bool = False, tags: list[dict[str, str]] | None = None) -> dict[str, Any]:
        self.tags[name] = tags or []
        self.known[name] = {
            "repositoryArn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}",
            "registryId": ACCOUNT,
            "repositoryName": name,
            "repositoryUri": f"{self._host}/{name}",
            "createdAt": self._clock.now(),
            "imageTagMutability": "MUTABLE" if mutable else "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": not mutable},
        }
        return self.known[name]

    def _authorize(self, _asked: Asked, _who: Identity) -> dict[str, Any]:
        return {
            "authorizationData": [
                {"authorizationToken": self._token, "expiresAt": self._clock.now(), "proxyEndpoint": self._host}
            ]
        }

    def _describe(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        return {"repositories": [self._find(name) for name in asked.given["repositoryNames"]]}

    def _create(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        name = asked.given["repositoryName"]
        if name in self.known:
            raise Refusal("RepositoryAlreadyExistsException", f"The repository with name '{name}' already exists")
        made = self.add(name, mutable=asked.given["imageTagMutability"] == "MUTABLE", tags=asked.given.get("tags"))
        made["imageScanningConfiguration"] = asked.given["imageScanningConfiguration"]
        return {"repository": made}

    def _tags(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        return {"tags": self.tags[asked.given["resourceArn"].partition(":repository/")[2]]}

    def _policy(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        name = self._find(asked.given["repositoryName"])["repositoryName"]
        if name not in self.policies:
            raise Refusal("LifecyclePolicyNotFoundException", "Lifecycle policy does not exist")
        return {"repositoryName": name, "lifecyclePolicyText": self.policies[name]}

    def _delete_policy(self, asked: Asked, who: Identity) -> dict[str, Any]:
        was = self._policy(asked, who)
        del self.policies[was["repositoryName"]]
        return was

    def _put_mutability(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        found = self._find(asked.given["repositoryName"])
        found["imageTagMutability"] = asked.given["imageTagMutability"]
        return {"repositoryName": found["repositoryName"], "imageTagMutability": found["imageTagMutability"]}

    def _put_scanning(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        found = self._find(asked.given["repositoryName"])
        found["imageScanningConfiguration"] = asked.given["imageScanningConfiguration"]
        return {name: found[name] for name in ("repositoryName", "imageScanningConfiguration")}

    def _put_policy(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        name = self._find(asked.given["repositoryName"])["repositoryName"]
        self.policies[name] = asked.given["lifecyclePolicyText"]
        return {"repositoryName": name, "lifecyclePolicyText": self.policies[name]}

    def _findings(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        self._find(asked.given["repositoryName"])
        if self.scan is None:
            raise Refusal("ScanNotFoundException", "Image scan does not exist for the image")
        self.scan.after -= 1
        if self.scan.after >= 0:
            return {"imageScanStatus": {"status": "IN_PROGRESS"}}
        found = {"findingSeverityCounts": self.scan.counts, "findings": self.scan.findings}
        return {"imageScanStatus": {"status": self.scan.status}, "imageScanFindings": found}

    def _delete(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        self._find(asked.given["repositoryName"])
        self.deleted += [image["imageDigest"] for image in asked.given["imageIds"]]
        return {"imageIds": asked.given["imageIds"], "failures": []}

    def _find(self, name: str) -> dict[str, Any]:
        if name not in self.known:
            text = f"The repository with name '{name}' does not exist in the registry with id '{ACCOUNT}'"
            raise Refusal("RepositoryNotFoundException", text)
        return self.known[name]
