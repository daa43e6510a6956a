"""Files that are there with all of their content, or as they were before."""

import os
import secrets
from pathlib import Path

MODE = 0o600
UNMASKED = 0o644
_SIGN_BYTES = 4
_PARTIAL = ".*." + "[0-9a-f]" * (2 * _SIGN_BYTES)


def write_whole(
    path: Path, content: str | bytes, mode: int | None = MODE, *, is_durable: bool = True
) -> None:
    """Write a file beside its place, then rename it; never readable by others for a moment.

    ``mode``: exactly these permissions; None: what the umask leaves of readable by all.
    ``is_durable``: flushed to the disk, name and all, before this returns; a file that can be made
    again need not wait for that. Text is UTF-8. Raises OSError, and UnicodeEncodeError for text
    that has none.
    """
    data = content.encode() if isinstance(content, str) else content
    # Hidden, and by its name whose it is: whoever finds it after a kill may remove it.
    partial = path.with_name(f".{path.name}.{secrets.token_hex(_SIGN_BYTES)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    descriptor = os.open(partial, flags, UNMASKED if mode is None else mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.write(data)
            if is_durable:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        # A full disk must not leave half a secret lying about.
        partial.unlink(missing_ok=True)
        raise
    if is_durable:
        sync_folder(path.parent)


def left_behind(folder: Path) -> list[Path]:
    """What writers that were killed left in a folder, and what those that are at it are writing."""
    # Older releases called such a file tmp and eight characters.
    return [*folder.glob(_PARTIAL), *folder.glob("tmp*")]


def sync_folder(folder: Path) -> None:
    """A renamed file is there after a power cut, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
