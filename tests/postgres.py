"""A PostgreSQL of its own for the tests: temporary folder, free port, stopped at the end."""

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

_numbers = itertools.count(1)
_USERS = ("postgres", "nobody")
"""PostgreSQL refuses to run as root; whoever runs the tests as root lends it one of these."""


def available() -> bool:
    """Tell whether PostgreSQL's programs are installed."""
    return _binaries() is not None


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Run a server; gives the URL of its database `postgres`. Raises `RuntimeError` when it does not start."""
    with mortal("-c synchronous_commit=off") as running:
        yield running.url


class Mortal:
    """A server that can be stopped and started again; what it has committed outlives that."""

    def __init__(self, binaries: Path, folder: Path, user: str | None, options: str) -> None:
        self._folder, self._user = folder, user
        port = _free_port()
        careless = "-c fsync=off -c full_page_writes=off -c max_connections=200"
        self._options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 {careless} {options}"
        self._control = [str(binaries / "pg_ctl"), "-D", str(folder / "data"), "-l", str(folder / "log"), "-w"]
        self.url = f"postgresql+psycopg://estiva@127.0.0.1:{port}/postgres"
        made = [str(binaries / "initdb"), "-D", str(folder / "data"), "-U", "estiva", "-A", "trust", "-E", "UTF8"]
        _run(made, user, folder)

    def start(self) -> None:
        _run([*self._control, "-o", self._options, "start"], self._user, self._folder)

    def stop(self) -> None:
        """Stop as a crash would."""
        _run([*self._control, "-m", "immediate", "stop"], self._user, self._folder)


@contextlib.contextmanager
def mortal(options: str = "") -> Iterator[Mortal]:
    """Run a server of which the test decides when it lives; it does at first, and should at the end."""
    binaries = _binaries()
    if binaries is None:
        raise RuntimeError("no PostgreSQL found: install it (apt: postgresql, brew: postgresql)")
    user = _other_user()
    folder = Path(tempfile.mkdtemp(prefix="estiva-pg-"))
    try:
        if user:
            shutil.chown(folder, user)
        running = Mortal(binaries, folder, user, options)
        running.start()
        try:
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fresh(server_url: str) -> str:
    """Make an empty database on a server; gives its URL."""
    name = f"fresh_{next(_numbers)}"
    with psycopg.connect(server_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"{server_url.rpartition('/')[0]}/{name}"


def _run(command: list[str], user: str | None, folder: Path) -> None:
    lower = ["setpriv", f"--reuid={user}", f"--regid={_group(user)}", "--clear-groups", "--"] if user else []
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    with (folder / "output").open("ab") as output:
        # not a pipe: the server would keep it open for ever
        done = subprocess.run(
            [*lower, *command], cwd=folder, env=environment, stdout=output, stderr=output, check=False
        )
    if done.returncode:
        logs = [path.read_text(errors="replace") for path in (folder / "output", folder / "log") if path.exists()]
        raise RuntimeError(f"{command[0]} failed:\n" + "\n".join(logs))


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    return installed[-1] if installed else None


def _other_user() -> str | None:
    if os.geteuid() != 0:
        return None
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((user for user in _USERS if user in known), None)


def _group(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
