"""Files that only their owner may read: keys, evidence, exports."""

import os
from pathlib import Path
from typing import Any, BinaryIO

from control_plane.cli.exit_code import ExitCode
from control_plane.cli.output import fail, show


def open_private(path: Path) -> BinaryIO:
    """A new file (0600), to be written; raises OSError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


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
