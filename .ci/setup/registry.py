"""A real image registry on this machine, with a password, for the demo."""

import json
import os
import secrets
import signal
import subprocess
import time
import urllib.request
from base64 import b64encode
from contextlib import suppress
from urllib.error import URLError

import port
from command import CannotGoOn
from places import PYTHON, REGISTRY, REGISTRY_ENV, REGISTRY_HOST, REGISTRY_PORT
from step import Step

USERNAME = "estiva"
CONFIG = REGISTRY / "config.yml"
PASSWORDS = REGISTRY / "htpasswd"
PID = REGISTRY / "pid"
LOG = REGISTRY / "log"
SECONDS_TO_START = 20
HASH = "import bcrypt, sys; print(bcrypt.hashpw(sys.stdin.buffer.read(), bcrypt.gensalt(prefix=b'2a')).decode())"


def answers() -> bool:
    """Tell whether our registry answers with our password. Another program on the port does not count."""
    password = _password()
    if password is None:
        return False
    request = urllib.request.Request(f"http://{REGISTRY_HOST}/v2/")
    request.add_header("Authorization", f"Basic {b64encode(f'{USERNAME}:{password}'.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=3) as response:  # noqa: S310 - our own loopback address
            return bool(response.status == 200)  # noqa: PLR2004 - OK
    except (URLError, OSError):
        return False


def start() -> None:
    """Start the registry in a session of its own and wait until it answers."""
    stop()
    if (owner := port.owner(REGISTRY_PORT)) is not None:
        raise CannotGoOn(
            f"Port {REGISTRY_PORT} on 127.0.0.1, which the demo's image registry wants, is taken by {owner}.\n"
            f"  Stop that, or choose another port:\n    ESTIVA_REGISTRY_PORT={REGISTRY_PORT + 1} make demo"
        )
    _write_settings()
    with LOG.open("a", encoding="utf-8") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(CONFIG)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    PID.write_text(f"{process.pid}\n")
    _wait(process)


def stop() -> bool:
    """Stop the registry that we started. Gives whether there was one."""
    process = _running()
    PID.unlink(missing_ok=True)
    if process is None:
        return False
    os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + 10
    while port.command_of(process) is not None and time.monotonic() < deadline:
        time.sleep(0.1)
    return True


def _running() -> int | None:
    """Give the process id of our registry. A stale file whose id now names another program gives `None`."""
    with suppress(OSError, ValueError):
        process = int(PID.read_text())
        return process if str(CONFIG) in (port.command_of(process) or "") else None
    return None


def _password() -> str | None:
    if not REGISTRY_ENV.is_file() or not PASSWORDS.is_file():
        return None
    pairs = dict(line.split("=", 1) for line in REGISTRY_ENV.read_text().splitlines() if "=" in line)
    return pairs.get("ESTIVA_REGISTRY_PASSWORD")


def _write_settings() -> None:
    REGISTRY.mkdir(parents=True, exist_ok=True)
    password = _password() or _new_password()
    _write_private(
        REGISTRY_ENV,
        f"ESTIVA_REGISTRY={REGISTRY_HOST}\nESTIVA_REGISTRY_USERNAME={USERNAME}\nESTIVA_REGISTRY_PASSWORD={password}\n",
    )
    CONFIG.write_text(json.dumps(_config(), indent=2) + "\n")


def _new_password() -> str:
    password = secrets.token_urlsafe(24)
    hashed = subprocess.run([PYTHON, "-c", HASH], input=password, capture_output=True, text=True, check=True).stdout
    _write_private(PASSWORDS, f"{USERNAME}:{hashed}")
    return password


def _write_private(path: os.PathLike[str], text: str) -> None:
    """Write a file that only its owner may read, from its first byte on."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
        os.fchmod(file.fileno(), 0o600)
        file.write(text)


def _config() -> dict[str, object]:
    """Give the registry's configuration. It is YAML, and JSON is YAML."""
    return {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(REGISTRY / "data")}, "delete": {"enabled": True}},
        "http": {"addr": REGISTRY_HOST, "headers": {"X-Content-Type-Options": ["nosniff"]}},
        "auth": {"htpasswd": {"realm": "estiva", "path": str(PASSWORDS)}},
    }


def _wait(process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while not answers():
        if process.poll() is not None or time.monotonic() > deadline:
            shown = "\n".join(f"    {line}" for line in LOG.read_text(errors="replace").splitlines()[-10:])
            raise CannotGoOn(f"The image registry does not start. The last it said ({LOG}):\n{shown}")
        time.sleep(0.1)


STEP = Step(name="image registry", why=f"starting one with a password on {REGISTRY_HOST}", done=answers, do=start)
