"""A Docker engine of a test's own, that it may stop and start without touching anybody else's."""

import os
import socket
import subprocess
import time
from pathlib import Path


class OwnEngine:
    """A second dockerd, with a socket and a data folder of its own; `apart` gives it a network namespace, too.

    An engine that shares the machine's namespace without a bridge would remove the machine's `docker0` as it starts.
    """

    def __init__(self, folder: Path, *, apart: bool = True) -> None:
        self.folder = folder
        self._apart = apart
        self.url = f"unix://{folder}/d.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        place = self.folder
        command = [
            *([] if os.geteuid() == 0 else ["sudo", "-n"]),
            *(("unshare", "--net") if self._apart else ()),
            *("dockerd", "-H", self.url, "--data-root", f"{place}/data", "--exec-root", f"{place}/exec"),
            *("--pidfile", f"{place}/pid", "--storage-driver=vfs", "--group", str(os.getgid())),
            *(("--bridge=none", "--iptables=false", "--ip6tables=false") if self._apart else ()),
        ]
        with (place / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 90
        while not self._answers():
            assert self._process.poll() is None, (place / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, (place / "log").read_text()[-2000:]
            time.sleep(0.2)

    def end(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(60)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(2)
            try:
                asking.connect(self.url.removeprefix("unix://"))
                asking.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                return b"200 OK" in asking.recv(200)
            except OSError:
                return False

    def load(self, saved: Path) -> None:
        """Give it the images of an archive that `saved_images` made."""
        subprocess.run(["docker", "-H", self.url, "load", "-i", saved], check=True, capture_output=True)


def saved_images(archive: Path, *images: str) -> Path:
    """Save images of the machine's engine into an archive."""
    subprocess.run(["docker", "save", "-o", archive, *images], check=True)
    return archive
