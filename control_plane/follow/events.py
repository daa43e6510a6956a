"""Server-sent events of GrowthBook's stream, read within a limit."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from control_plane.follow.payload import MAX_BYTES, RefusedError


@dataclass(frozen=True)
class Event:
    """``name`` is ``features``, ``features-updated`` or, for a keep-alive, empty."""

    name: str
    data: bytes


async def read_events(pieces: AsyncIterator[bytes]) -> AsyncIterator[Event]:
    """Whole events as they end; raises RefusedError for one that never does."""
    buffer = b""
    name = ""
    data: list[bytes] = []
    size = 0
    async for piece in pieces:
        buffer += piece
        if len(buffer) + size > MAX_BYTES:
            raise RefusedError(f"an event of the stream has more than {MAX_BYTES} bytes")
        *lines, buffer = buffer.split(b"\n")
        for line in lines:
            field, _, value = line.rstrip(b"\r").partition(b":")
            value = value.removeprefix(b" ")
            if field == b"event":
                name = value.decode("utf-8", "replace")
            elif field == b"data":
                data.append(value)
                # With its line's end: lines that say nothing are not without end either.
                size += len(value) + 1
            elif not field and not value:
                if name or data:
                    yield Event(name, b"\n".join(data))
                name, data, size = "", [], 0
