"""What the bot does outside itself, seen by others: the engine's events, the registry's access log."""

import re
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from docker import APIClient

from runners.containers import DEFAULT_URL

_PUSHED = re.compile(r'"PUT /v2/(\S+)/manifests/([0-9a-f]{7}) HTTP/[\d.]+" 201 ')


class Docker:
    """The engine as far as one namespace goes; counts every container that is created in it, by `estiva.key`."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.created: Counter[str] = Counter()
        self._client = APIClient(base_url=DEFAULT_URL)
        self._listener = APIClient(base_url=DEFAULT_URL, timeout=86_400)  # events are rare
        wanted = {"type": "container", "event": "create", **self._ours}
        self._events = self._listener.events(decode=True, filters=wanted)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def _ours(self) -> dict[str, str]:
        return {"label": f"estiva.namespace={self.namespace}"}

    def _listen(self) -> None:
        for event in self._events:
            key = event["Actor"]["Attributes"].get("estiva.key")
            if key:
                self.created[key] += 1

    def containers(self, *, every: bool = True, **labels: str) -> list[Mapping[str, Any]]:
        """Containers of ours that have these labels: `containers(role="app")`."""
        marks = [self._ours["label"], *(f"estiva.{name}={value}" for name, value in labels.items())]
        found: Sequence[Mapping[str, Any]] = self._client.containers(all=every, filters={"label": marks})
        return list(found)

    def close(self) -> None:
        """Remove all that is ours."""
        self._events.close()
        self._thread.join(5)
        self._listener.close()
        for container in self.containers():
            self._client.remove_container(container["Id"], force=True, v=True)
        for network in self._client.networks(filters=self._ours):
            self._client.remove_network(network["Id"])
        for image in self._client.images(filters=self._ours):
            self._client.remove_image(image["Id"], force=True)
        self._client.close()

    def forget_images(self, repository: str) -> None:
        """Remove the images that builds made under this name."""
        for image in self._client.images(name=repository):
            self._client.remove_image(image["Id"], force=True)


class Pushes:
    """How often each tag was pushed, by the registry's own log."""

    def __init__(self, log: Path) -> None:
        self._log = log

    def count(self) -> Counter[str]:
        """Accepted manifests by `repository:tag`, for the tags that are commits."""
        return Counter(f"{name}:{tag}" for name, tag in _PUSHED.findall(self._log.read_text()))


def page(address: str) -> str:
    """What the address answers, or why it does not."""
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return str(answer.read().decode())
    except (urllib.error.URLError, OSError) as problem:
        return f"no answer: {problem}"
