"""Structured logs: JSON lines on stderr. Never a request's values: no personal data in logs.

Where stderr goes may be full, or gone. Then a line is lost, and nothing else: no request and no
worker may depend on being able to complain.
"""

import io
import logging
import sys
import traceback
from contextlib import suppress
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict


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


def exception_without_values(_: object, __: str, event: EventDict) -> EventDict:
    """An exception's types and places in the code. What it says may be a value of a request."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exception()
    if isinstance(error, BaseException):
        event["exception"] = "\n".join(_lines(error))
    return event


def _lines(error: BaseException) -> list[str]:
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    return [*(_lines(cause) if cause else ()), frames, type(error).__qualname__]


class Libraries(logging.Handler):
    """What libraries say, in the same lines. Only the first line of a text: asyncio's further ones
    hold exceptions and arguments."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record of the standard library's. An error would end what the library does."""
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001 - values that do not fit their text are not told either
            text = str(record.msg)
        structlog.get_logger().log(
            min(record.levelno // 10 * 10, logging.CRITICAL),  # structlog knows no levels between
            "library_said",
            library=record.name,
            text=text.partition("\n")[0],
            exc_info=record.exc_info[1] if record.exc_info else None,
        )


def configure() -> None:
    """Set up structlog, and with it the standard library's logging, for this process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            exception_without_values,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", BestEffort(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    logging.getLogger().handlers = [Libraries()]
    # It warns of everything that is no HTTP, which is counted: such lines are anybody's to write.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    # httpx logs every request at INFO, with its URL.
    logging.getLogger("httpx").setLevel(logging.WARNING)
