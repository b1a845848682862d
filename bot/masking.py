"""What the process itself logs, with the secrets that it knows masked: a library's error may carry one."""

import logging

from storage.redact import Redactor


class MaskingFormatter(logging.Formatter):
    """Formats as another formatter does, and masks the whole of it, tracebacks included."""

    def __init__(self, inner: logging.Formatter, redactor: Redactor) -> None:
        """Take the formatter that does the formatting."""
        super().__init__()
        self._inner = inner
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """Format one record."""
        return self._redactor.redact(self._inner.format(record))


def mask_logs(redactor: Redactor) -> None:
    """Mask everything that the root logger's handlers write from now on."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(MaskingFormatter(handler.formatter or logging.Formatter(), redactor))
