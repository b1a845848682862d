"""A bot whose disk fails at some moment: `python -m tests.engine.failing_disk URL FOLDER SCENE ERROR`.

At SIGUSR2 the kernel refuses all that reaches the disk, for all threads and until the process ends: `EIO` refuses
what is written at a place of a file and what is to be synchronised, `EROFS` besides that what is opened for writing.
"""

import asyncio
import ctypes
import errno
import os
import platform
import signal
import struct
import sys
from pathlib import Path

from tests.engine.scene import main

_SYNC = {"x86_64": (74, 75), "aarch64": (82, 83)}
"""Machine -> fsync, fdatasync."""
_WRITE_AT = {"x86_64": (18, 77), "aarch64": (68, 46)}
"""pwrite64, ftruncate."""
_OPENAT = {"x86_64": 257, "aarch64": 56}
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_NO_NEW_PRIVILEGES = 38
_SET_FILTER, _ALL_THREADS = 1, 1
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_SET, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER, _THIRD_ARGUMENT = 0, 32
"""Where in what the filter is shown."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def fail(name: str) -> None:
    """Let the disk fail from now on."""
    libc = ctypes.CDLL(None, use_errno=True)
    program = _filter(name)
    shown = _Program(len(program) // 8, program)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    if libc.syscall(_SECCOMP[platform.machine()], _SET_FILTER, _ALL_THREADS, ctypes.byref(shown)):
        raise OSError(ctypes.get_errno(), "seccomp")


def _filter(name: str) -> bytes:
    machine, refuse = platform.machine(), _REFUSE | getattr(errno, name)
    refused = [*_SYNC[machine], *_WRITE_AT[machine]]
    lines = [(_LOAD, 0, 0, _NUMBER)]
    for number in refused:
        lines += [(_JUMP_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, refuse)]
    if name == "EROFS":
        writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT
        lines += [(_JUMP_IF_EQUAL, 0, 3, _OPENAT[machine]), (_LOAD, 0, 0, _THIRD_ARGUMENT)]
        lines += [(_JUMP_IF_SET, 0, 1, writing), (_RETURN, 0, 0, refuse)]
    lines.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *line) for line in lines)


if __name__ == "__main__":
    url, folder, scene, error = sys.argv[1:]
    signal.signal(signal.SIGUSR2, lambda *_: fail(error))
    asyncio.run(main(url, Path(folder), scene))
