"""Who listens on a port of this machine, as the kernel tells."""

import socket
from contextlib import suppress
from pathlib import Path

LISTENS = "0A"


def owner(number: int) -> str | None:
    """Name the program that holds a TCP port on 127.0.0.1, or give `None` when the port is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind(("127.0.0.1", number))
            return None
    for inode in _inodes(number):
        for link in Path("/proc").glob("[0-9]*/fd/*"):
            with suppress(OSError):
                if str(link.readlink()) == f"socket:[{inode}]":
                    process = int(link.parts[2])
                    return f"`{command_of(process)}` (process {process})"
    return "a program of another user"


def command_of(process: int) -> str | None:
    """Give the command line of a process, or `None` when it has ended."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return None
    return words.replace(b"\0", b" ").decode(errors="replace").strip() or None


def _inodes(number: int) -> list[str]:
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for row in Path(table).read_text().splitlines()[1:]:
                columns = row.split()
                if columns[3] == LISTENS and int(columns[1].rpartition(":")[2], 16) == number:
                    found.append(columns[9])
    return found
