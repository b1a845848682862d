"""The Docker engine: one that answers is taken as it is; else Debian's is started."""

import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import port
from command import CannotGoOn, as_root, output_of, run_as_root
from places import HAS_SYSTEMD, IS_ROOT, STATE
from step import Step

LOG = STATE / "engine.log"
SECONDS_TO_START = 60
PID_FILES = {"dockerd": Path("/run/docker.pid"), "containerd": Path("/run/docker/containerd/containerd.pid")}


def answers() -> bool:
    """Tell whether an engine answers us."""
    return output_of("docker", "version", "--format", "{{.Server.Version}}") is not None


def start() -> None:
    """Start the engine and wait until it answers."""
    if HAS_SYSTEMD:
        run_as_root("systemctl", "start", "docker")
    else:
        _start_by_hand()
    _wait()


def _start_by_hand() -> None:
    """Start it in a session of its own: it outlives this set-up, as on any machine, and is never stopped by it."""
    _remove_stale_pid_files()
    engine = shutil.which("dockerd", path="/usr/sbin:/usr/bin:/usr/local/bin") or "dockerd"
    # Without root the socket is given to our own group: else only root could speak to the engine we start.
    group = [] if IS_ROOT else ["--group", (output_of("id", "-gn") or "docker").strip()]
    STATE.mkdir(parents=True, exist_ok=True)
    with LOG.open("a", encoding="utf-8") as log:
        subprocess.Popen(
            as_root(engine, *group),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _remove_stale_pid_files() -> None:
    """Forget an engine that was killed: it refuses to start while its old process id belongs to another program."""
    for program, path in PID_FILES.items():
        with suppress(OSError, ValueError):
            if program not in (port.command_of(int(path.read_text())) or ""):
                run_as_root("rm", "-f", path)


def _wait() -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while not answers():
        if time.monotonic() > deadline:
            raise CannotGoOn(_why_not())
        time.sleep(0.5)


def _why_not() -> str:
    if HAS_SYSTEMD and (output_of("systemctl", "is-active", "docker") or "").strip() == "active":
        return (
            "The Docker engine runs, but you may not speak to it. Join its group, log in again, then start again:\n"
            '    sudo usermod -aG docker "$USER"'
        )
    if HAS_SYSTEMD:
        return "The Docker engine does not start. See why:\n    journalctl -u docker --no-pager | tail -20"
    lines = LOG.read_text(encoding="utf-8", errors="replace").splitlines() if LOG.exists() else []
    shown = "\n".join(f"    {line}" for line in lines[-10:])
    return (
        f"The Docker engine does not answer {SECONDS_TO_START} s after its start. The last it said ({LOG}):\n{shown}\n"
        "  Start one yourself so that `docker info` answers, then start again."
    )


STEP = Step(name="Docker engine", why="starting Debian's, as none answers", done=answers, do=start)
