"""Takes log lines from everywhere and lets one thread redact, compress and write them."""

import logging
import threading
from pathlib import Path

from storage import chunks
from storage.redact import Redactor

REPLAYED = "--- taken up again after a restart ---"
_INTERVAL = 0.4
_PROMPT = 64 * 1024
"""Characters that are written at once rather than after the interval."""
_MOST = 4 * 1024 * 1024
"""Characters of one log that may wait for the disk; beyond it `line` waits too, rather than drop anything."""
_LARGEST = 128 * 1024 * 1024
"""Characters that are kept of one log: what writes without end must not fill the disk."""
CUT = "--- the log is cut here: it is larger than Estiva keeps ---"
_PATIENCE = 0.5
"""Seconds that one `line` waits at most: a disk that refuses slows the work down and does not stop it."""

_log = logging.getLogger(__name__)


class LogSink:
    """Where one attempt's output goes; a `Sink` of the runner contract."""

    def __init__(self, intake: "Intake", path: Path, redactor: Redactor) -> None:
        """Write to `path`; made by `Intake.sink`."""
        self.path = path
        self._intake = intake
        self._stream = redactor.stream()
        self._change = threading.Condition()
        self._writing = threading.Lock()
        self._lines: list[str] = []
        self._packed = b""
        self._waiting = 0
        self._room = _LARGEST
        self._closed = False

    def line(self, text: str) -> None:
        """Take one line without its newline; a line break inside begins a new line.

        Of what a carriage return overwrites only the last state is kept: progress bars.
        """
        with self._change:
            if self._closed or self._room < 0:
                return
            self._room -= len(text) + 1
            if self._room < 0:
                text = CUT
            if self._waiting > _MOST:
                self._intake.hurry()
                self._change.wait_for(lambda: self._waiting <= _MOST, _PATIENCE)
            first = not self._waiting
            self._lines += [part.rstrip("\r").rpartition("\r")[2] for part in text.split("\n")]
            self._waiting += len(text) + 1
            prompt = self._waiting > _PROMPT
        if prompt:
            self._intake.hurry()
        elif first:
            self._intake.stir()

    def close(self) -> None:
        """Take no more lines. What was taken is flushed in the background, and before any read."""
        with self._change:
            self._closed = True
        if self.done:
            self._intake.forget(self)
        else:
            self._intake.hurry()

    @property
    def idle(self) -> bool:
        """True when there is nothing to write."""
        with self._change:
            return not self._waiting

    @property
    def done(self) -> bool:
        """True when closed and all on disk."""
        with self._change:
            return self._closed and not self._waiting

    def flush(self) -> None:
        """Write what is pending, in the thread that calls. What the disk refuses stays pending."""
        with self._writing:
            with self._change:
                lines, taken = self._lines, self._waiting
                self._lines = []
            if lines:
                self._packed += chunks.pack(self._stream.redact(lines))
            if not self._packed or not _append(self.path, self._packed):
                return
            self._packed = b""
            with self._change:
                self._waiting -= taken
                self._change.notify_all()


class Intake:
    """The open logs, and the thread that writes them."""

    def __init__(self, redactor: Redactor, *, background: bool = True) -> None:
        """Start the thread; it sleeps while no log is open. Without it whoever hurries does the writing."""
        self._redactor = redactor
        self._sinks: dict[Path, LogSink] = {}
        self._lock = threading.RLock()  # without a thread, whoever opens a log again also flushes the old one
        self._wake = threading.Event()
        self._stopping = False
        self._asleep = False
        """The thread waits for a first line, not for the interval to pass."""
        self._thread: threading.Thread | None = None
        if background:
            self._thread = threading.Thread(target=self._write, name="estiva-log-writer", daemon=True)
            self._thread.start()

    def sink(self, path: Path, *, newest: bool) -> LogSink:
        """Open a log; one that exists is continued after a marker line.

        The file is made with its first line, or at once to be the `newest`, of an attempt that may say nothing.
        """
        with self._lock:
            if (open_already := self._sinks.pop(path, None)) is not None:
                open_already.close()
                open_already.flush()
            sink = LogSink(self, path, self._redactor)
            self._sinks[path] = sink
            if chunks.mend(path):
                sink.line(REPLAYED)
            if newest:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
        return sink

    def stir(self) -> None:
        """Have the writer look within the interval: there is something to write."""
        if self._asleep:
            self._wake.set()

    def forget(self, sink: LogSink) -> None:
        """Let go of a log that is done."""
        with self._lock:
            if self._sinks.get(sink.path) is sink:
                del self._sinks[sink.path]

    def hurry(self) -> None:
        """Wake the writer."""
        self._wake.set()
        if self._thread is None:
            self._flush()

    def settle(self, path: Path) -> None:
        """Write what is pending of one log, in the thread that calls."""
        with self._lock:
            sink = self._sinks.get(path)
        if sink is not None:
            sink.flush()

    def settle_all(self, folder: Path) -> None:
        """Write what is pending of all logs below a folder."""
        with self._lock:
            below = [path for path in self._sinks if path.is_relative_to(folder)]
        for path in below:
            self.settle(path)

    def close(self) -> None:
        """Write all that is pending and stop the thread."""
        self._stopping = True
        self.hurry()
        if self._thread is not None:
            self._thread.join()
        for sink in list(self._sinks.values()):
            sink.close()
            sink.flush()

    def _write(self) -> None:
        while not self._stopping:
            self._asleep = True
            self._asleep = not self._pending()  # asked after it was said, so that no line comes between the two
            self._wake.wait(None if self._asleep else _INTERVAL)
            self._wake.clear()
            if self._asleep and not self._stopping:
                self._asleep = False
                self._wake.wait(_INTERVAL)
            self._flush()

    def _pending(self) -> bool:
        with self._lock:
            return any(not sink.idle for sink in self._sinks.values())

    def _flush(self) -> None:
        with self._lock:
            sinks = list(self._sinks.values())
        for sink in sinks:
            sink.flush()
        self._forget()

    def _forget(self) -> None:
        with self._lock:
            self._sinks = {path: sink for path, sink in self._sinks.items() if not sink.done}


def _append(path: Path, packed: bytes) -> bool:
    """Append whole chunks or nothing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab", buffering=0) as file:
            before = file.tell()
            try:
                written = file.write(packed)
            except OSError:
                written = -1
                raise
            finally:
                if written != len(packed):
                    file.truncate(before)
            return written == len(packed)
    except OSError as error:
        _log.error("cannot write the log %s, will try again: %s", path, error)
        return False
