"""Files that only their owner may read: keys, evidence."""

import os
from pathlib import Path

from control_plane.cli.exit_code import ExitCode
from control_plane.cli.output import fail


def write_private(path: Path, text: str) -> None:
    """Write a file (0600); ends the command where that cannot be."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        fail(f"{path}: expected a writable file, got {error.strerror}", ExitCode.BAD_INPUT)
