"""Structured logs: JSON lines on stderr. Never a request's values: no personal data in logs.

Where stderr goes may be full, or gone. Then a line is lost, and nothing else: no request and no
worker may depend on being able to complain.
"""

import io
import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog


class BestEffort(io.TextIOBase):
    """Writes to ``stream`` what it takes. For structlog, which lets write errors out."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or not; counts as written either way."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush what can be flushed."""
        with suppress(OSError):
            self._stream.flush()


def configure() -> None:
    """Set up structlog for this process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", BestEffort(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    # httpx logs every request at INFO, with its URL.
    logging.getLogger("httpx").setLevel(logging.WARNING)
