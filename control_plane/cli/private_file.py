"""Files that only their owner may read: keys, evidence."""

import os
from pathlib import Path
from typing import Any

from control_plane.cli.exit_code import ExitCode
from control_plane.cli.output import fail, show


def write_private(path: Path, text: str) -> None:
    """Write a file (0600); ends the command where that cannot be."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        fail(f"{path}: expected a writable file, got {error.strerror}", ExitCode.BAD_INPUT)


def show_secret(answer: dict[str, Any], name: str, file: Path | None, as_json: bool) -> None:
    """Print an answer with a secret in it; with a file the secret goes there instead."""
    if file is not None:
        write_private(file, answer[name] + "\n")
        answer = {**answer, name: f"written to {file}"}
    show(answer, as_json)
