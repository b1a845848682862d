"""The image registry over its HTTP API: what a tag or digest holds, and its end. Layers travel through the engine."""

import base64
import hashlib
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp

from runners.aws import errors
from runners.aws.session import Visitor
from runners.contract import ActionFailed
from storage.model.catalog import Registry
from storage.model.cloud import Ecr
from storage.model.worded import worded

ERRORS = {
    **errors.ERRORS,
    "registry_unavailable": "the registry does not answer, or says that it is out of order",
    "registry_refused": "the registry refuses our credentials or what we ask",
    "no_credentials": "a variable that the catalog names for the registry is not set",
    "bad_tag": "the tag or digest is not one",
}
_MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)
_TIMEOUT = aiohttp.ClientTimeout(total=30, connect=5)
_REFERENCE = re.compile(r"\w[\w.-]{0,127}|sha256:[0-9a-f]{64}", re.ASCII)
_LARGEST = 4_000_000
"""Bytes of a manifest or configuration that are read at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a tag or digest holds."""

    digest: str
    config: str
    """Digest of the image's configuration, which is the engine's image id; empty for a multi-platform index."""

    def holds(self, image_id: str) -> bool:
        """Whether this is that image (an engine names it by its configuration or by its manifest)."""
        return image_id in (self.config, self.digest)


@dataclass(frozen=True, slots=True)
class Name:
    """An image repository: where, and what it is called there."""

    host: str
    path: str

    @classmethod
    def parse(cls, repository: str) -> "Name":
        """Read `127.0.0.1:5001/hello`; a name without a host is Docker Hub's."""
        host, slash, path = repository.partition("/")
        if slash and ("." in host or ":" in host or host == "localhost"):
            return cls(host, path)
        return cls("registry-1.docker.io", repository if slash else f"library/{repository}")

    @property
    def url(self) -> str:
        """Base of its API: plain HTTP on this machine, as the engine itself does it."""
        return f"{'http' if _loopback(self.host) else 'https'}://{self.host}/v2/{self.path}"


def split(image: str) -> tuple[str, str]:
    """Take an image's name apart: its repository, and the digest, else the tag, else `latest` in it."""
    name, at, digest = image.partition("@")
    head, colon, tag = name.rpartition(":")
    repository, tag = (head, tag) if colon and "/" not in tag else (name, "")
    return repository, digest if at else tag or "latest"


def joined(repository: str, reference: str) -> str:
    """Name an image by its repository and the tag or digest in it."""
    return f"{repository}{'@' if ':' in reference else ':'}{reference}"


class Logins(Protocol):
    """Where the logins come from that last only for a while."""

    async def login(self, ecr: Ecr, visitor: Visitor) -> dict[str, str]:
        """Give a user and a password of now, asked for on somebody's behalf. Raises `ActionFailed`."""


async def login(
    registry: Registry, repository: str, environ: Mapping[str, str], logins: Logins | None, visitor: Visitor
) -> dict[str, str] | None:
    """Give the login for a repository: of the environment, or of ECR; `None` when it needs none or is elsewhere.

    What is done with a login of ECR is done by the `visitor` in AWS's own trail.
    Raises `ActionFailed` when there should be one and is not.
    """
    if registry.ecr is not None and logins is not None and Name.parse(repository).host == registry.host:
        return await logins.login(registry.ecr, visitor)
    return credentials(registry, repository, environ)


def credentials(registry: Registry, repository: str, environ: Mapping[str, str]) -> dict[str, str] | None:
    """Take the registry's user and password from the environment; `None` when it has none or it is another host.

    A credential goes only to the host it was configured for. Raises `ActionFailed` when a named variable is not set.
    """
    if registry.username_from is None or registry.password_from is None or Name.parse(repository).host != registry.host:
        return None
    for variable in (registry.username_from, registry.password_from):
        if not environ.get(variable):
            raise ActionFailed(
                worded(
                    "no credentials for the registry {host}: {variable} is not set",
                    host=registry.host,
                    variable=variable,
                ),
                hint=worded("set {variable} in Estiva's environment; the catalog names it", variable=variable),
                error="no_credentials",
            )
    return {"username": environ[registry.username_from], "password": environ[registry.password_from]}


async def manifest(repository: str, reference: str, login: Mapping[str, str] | None) -> Manifest | None:
    """Read what a tag or digest holds; `None` when there is no such.

    Raises `ActionFailed` when the registry refuses (not retryable) or does not answer (retryable).
    """
    name = Name.parse(repository)
    if not _REFERENCE.fullmatch(reference):
        raise ActionFailed(
            worded("{reference} is no tag", reference=f"{reference[:200]!r}"),
            hint=worded("a tag has letters, digits, `_`, `.` and `-`"),
            error="bad_tag",
        )
    answer = await _get(name, f"manifests/{reference}", login, accept=", ".join(_MANIFESTS))
    if answer is None:
        return None
    body, headers = answer
    # counted, not believed: what is approved is this digest
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    said = headers.get("Docker-Content-Digest", digest)
    if said != digest or (reference.startswith("sha256:") and reference != digest):
        raise refused(name.host, f"it gave {digest[:19]} as {said[:80]} for {reference[:80]}")
    config = json.loads(body).get("config") or {}
    return Manifest(digest=digest, config=str(config.get("digest", "")))


async def labels(repository: str, found: Manifest, login: Mapping[str, str] | None) -> dict[str, str]:
    """Read the labels of an image in the registry; empty for an index."""
    answer = await _get(Name.parse(repository), f"blobs/{found.config}", login, accept="*/*") if found.config else None
    return dict((json.loads(answer[0]).get("config") or {}).get("Labels") or {}) if answer else {}


async def delete(repository: str, digest: str, login: Mapping[str, str] | None) -> None:
    """Delete what a digest holds, under all its tags; one that is gone is fine.

    Raises `ActionFailed` when the registry refuses (many do, unless they are told to allow it) or does not answer.
    """
    if not digest.startswith("sha256:") or not _REFERENCE.fullmatch(digest):
        raise ActionFailed(
            worded("{digest} is no digest", digest=f"{digest[:200]!r}"),
            hint=worded("only digests are deleted: a tag may have been moved"),
            error="bad_tag",
        )
    await _get(Name.parse(repository), f"manifests/{digest}", login, accept=", ".join(_MANIFESTS), method="DELETE")


async def _get(
    name: Name, what: str, login: Mapping[str, str] | None, *, accept: str, method: str = "GET"
) -> tuple[bytes, Mapping[str, str]] | None:
    url = f"{name.url}/{what}"
    try:
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            status, headers, body = await _fetch(session, method, url, {"Accept": accept})
            if status == 401:  # noqa: PLR2004
                answer = await _authorization(session, headers.get("WWW-Authenticate", ""), login)
                status, headers, body = await _fetch(session, method, url, {"Accept": accept, **answer})
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ActionFailed(
            worded(
                "the registry {host} does not answer ({error})",
                host=name.host,
                error=str(error) or type(error).__name__,
            ),
            hint=worded("see that it runs and that this machine reaches it, then retry"),
            error="registry_unavailable",
            retryable=True,
        ) from error
    if status == 404:  # noqa: PLR2004
        return None
    if status not in (200, 202):
        raise refused(name.host, f"HTTP {status}", retryable=status >= 500)  # noqa: PLR2004
    return body, headers


async def _fetch(
    session: aiohttp.ClientSession, method: str, url: str, headers: Mapping[str, str]
) -> tuple[int, Any, bytes]:
    async with session.request(method, url, headers=headers) as response:
        body = b""
        async for piece in response.content.iter_chunked(65_536):
            body += piece
            if len(body) > _LARGEST:
                raise aiohttp.ClientPayloadError("the answer is too large")
        return response.status, response.headers, body


async def _authorization(
    session: aiohttp.ClientSession, challenge: str, login: Mapping[str, str] | None
) -> dict[str, str]:
    kind, _, rest = challenge.partition(" ")
    pair = f"{login['username']}:{login['password']}" if login else ""
    basic = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"} if pair else {}
    if kind.lower() != "bearer":
        return basic
    asked = dict(re.findall(r'(\w+)="([^"]*)"', rest))
    url = asked.pop("realm", "")
    async with session.get(url, params={"service": "", **asked}, headers=basic) as response:
        token = await response.json(content_type=None) if response.status == 200 else {}  # noqa: PLR2004
    return {"Authorization": f"Bearer {token.get('token') or token.get('access_token') or ''}"}


def refused(host: str, said: str, *, retryable: bool = False) -> ActionFailed:
    """Say that a registry said no, and what to look at."""
    if re.search(r"\b40[13]\b|unauthorized|no basic auth|denied|authentication required", said, re.IGNORECASE):
        hint = worded(
            "check the variables that the catalog names under registry: user, password, and what they may do there"
        )
        return ActionFailed(
            worded("the registry {host} refused our credentials ({said})", host=host, said=said),
            hint=hint,
            error="registry_refused",
        )
    return ActionFailed(
        worded("the registry {host} refused: {said}", host=host, said=said),
        hint=worded("see the registry's own log"),
        error="registry_unavailable" if retryable else "registry_refused",
        retryable=retryable,
    )


def _loopback(host: str) -> bool:
    bare = host.rpartition(":")[0] if ":" in host else host
    if bare == "localhost":
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False
