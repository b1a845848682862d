import io
import logging

from bot.masking import MaskingFormatter
from storage.redact import Redactor


def test_a_secret_in_a_traceback_never_reaches_the_process_log() -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(MaskingFormatter(logging.Formatter("%(message)s"), Redactor(["hunter2-hunter2"])))
    logger = logging.getLogger("tests.masked")
    logger.addHandler(handler)
    try:
        int("hunter2-hunter2")
    except ValueError:
        logger.exception("with hunter2-hunter2 it broke")
    finally:
        logger.removeHandler(handler)
    assert "hunter2" not in written.getvalue()
    assert "it broke" in written.getvalue()
