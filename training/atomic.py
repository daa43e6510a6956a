"""Files that are there whole or not at all: written beside their place, then renamed."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bentos.whole_file import write_whole


def write_bytes(path: Path, content: bytes, mode: int | None = None) -> None:
    """Write a file whole, and the folder it lies in; not flushed: a run can make it again.

    ``mode``: as ``write_whole`` takes it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content, mode, is_durable=False)


@contextmanager
def folder(path: Path) -> Iterator[Path]:
    """Fill a folder under another name; it gets ``path`` as its name only when all went well.

    If ``path`` exists by then it is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    partial.mkdir()
    try:
        yield partial
        if path.exists():
            shutil.rmtree(path)
        partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
