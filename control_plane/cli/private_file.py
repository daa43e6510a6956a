"""Files that only their owner may read: keys, evidence, exports."""

import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

from control_plane.cli.exit_code import ExitCode
from control_plane.cli.output import fail, show


def open_private(path: Path) -> BinaryIO:
    """A new file (0600), to be written, or what is there instead of it; raises OSError."""
    file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
    # One that was there keeps its mode; what is no file, such as /dev/null, is not ours to close.
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        os.fchmod(file.fileno(), 0o600)
    return file


def write_private(path: Path, text: str) -> None:
    """Write a file (0600); ends the command where that cannot be."""
    try:
        with open_private(path) as file:
            file.write(text.encode())
    except OSError as error:
        fail(f"{path}: expected a writable file, got {error.strerror}", ExitCode.BAD_INPUT)


def show_secret(answer: dict[str, Any], name: str, file: Path | None, as_json: bool) -> None:
    """Print an answer with a secret in it; with a file the secret goes there instead."""
    if file is not None:
        write_private(file, answer[name] + "\n")
        answer = {**answer, name: f"written to {file}"}
    show(answer, as_json)
