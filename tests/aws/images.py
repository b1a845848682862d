"""Images without an engine: put into a registry over its API."""

import base64
import hashlib
import json
import urllib.error
import urllib.request

from tests.registry import PASSWORD, USER, Registry

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def put(registry: Registry, name: str, text: str, tag: str = "latest") -> str:
    """Put an image that is only a configuration; gives its digest."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": {"text": text}}}).encode()
    digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
    base = f"http://{registry.host}/v2/{name}"
    place = _sent("POST", f"{base}/blobs/uploads/", b"").headers["Location"]
    _sent("PUT", f"{place}&digest={digest}", config, "application/octet-stream")
    media = "application/vnd.docker.container.image.v1+json"
    described = {"mediaType": media, "size": len(config), "digest": digest}
    manifest = json.dumps({"schemaVersion": 2, "mediaType": _MANIFEST, "config": described, "layers": []}).encode()
    _sent("PUT", f"{base}/manifests/{tag}", manifest, _MANIFEST)
    return f"sha256:{hashlib.sha256(manifest).hexdigest()}"


def _sent(method: str, url: str, body: bytes, media: str = "application/json") -> "urllib.request._UrlopenRet":
    pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {pair}", "Content-Type": media}
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()
        return answer
