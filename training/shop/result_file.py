"""A bulk result's lines, each with the byte behind it, from any byte on."""

from collections.abc import Iterable, Iterator

from training.shop.errors import Unreadable

MAX_LINE_BYTES = 16 * 1024 * 1024
"No node of ours comes near; more is no JSONL."


def lines(chunks: Iterable[bytes], offset: int, size: int | None) -> Iterator[tuple[bytes, int]]:
    """Whole lines and where the next one begins.

    A last line without a line break counts only where the file ends at ``size`` (None: nobody
    says): else the download was cut short, and the rest is to be fetched.
    """
    tail = b""
    for chunk in chunks:
        parts = (tail + chunk).split(b"\n")
        tail = parts.pop()
        for part in parts:
            offset += len(part) + 1
            if part.strip():
                yield part, offset
        if len(tail) > MAX_LINE_BYTES:
            raise Unreadable("bulk result", f"lines of at most {MAX_LINE_BYTES} bytes", len(tail))
    if tail.strip() and size in {None, offset + len(tail)}:
        yield tail, offset + len(tail)
