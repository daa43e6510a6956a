"""Calls the control plane; whatever goes wrong becomes a message and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from pydantic import ValidationError

from control_plane.cli.exit_code import ExitCode, of_status
from control_plane.cli.output import fail
from control_plane.cli.private_file import open_private
from control_plane.cli.sending import send
from control_plane.cli.settings import CliSettings

TIMEOUT_S = 30.0
PAGE = 1000
"""Entries asked for at once, when all of them are wanted."""


def call(
    method: str,
    path: str,
    body: Any = None,
    parameters: dict[str, Any] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Any:
    """The JSON of a successful answer; ends the command otherwise."""
    with _asked(method, path, body, parameters, timeout_s) as answer:
        return answer.json() if answer.read() else None


def call_all(path: str, parameters: dict[str, Any] | None = None) -> list[Any]:
    """Every entry of a list, page by page; ends the command when one cannot be read."""
    entries: list[Any] = []
    asked: dict[str, Any] | None = {"limit": PAGE} | (parameters or {})
    while True:
        with _asked("GET", path, None, asked, TIMEOUT_S) as answer:
            answer.read()
            entries += answer.json()
        following = answer.links.get("next")
        if following is None:
            return entries
        # It names everything that was asked.
        path, asked = following["url"], None


def call_for_text(path: str) -> str:
    """The text of a successful GET; ends the command otherwise."""
    with _asked("GET", path, None, None, TIMEOUT_S) as answer:
        answer.read()
        return answer.text


def download(path: str, body: Any, file: Path, timeout_s: float) -> int:
    """POST, and write the answer to a file (0600) as it comes; its size. Half a file is removed."""
    size, part = 0, file.with_name(file.name + ".part")
    try:
        with _asked("POST", path, body, None, timeout_s) as answer, open_private(part) as out:
            for piece in answer.iter_raw():
                size += out.write(piece)
        part.replace(file)
    except OSError as error:
        fail(f"{file}: expected a writable file, got {error.strerror}", ExitCode.BAD_INPUT)
    finally:
        part.unlink(missing_ok=True)
    return size


@contextmanager
def _asked(
    method: str, path: str, body: Any, parameters: dict[str, Any] | None, timeout_s: float
) -> Iterator[httpx.Response]:
    settings = load_settings()
    headers = {"Authorization": f"Bearer {_key(settings.key_path)}"}
    if method != "GET":
        # One for the command: sent again after a lost connection, it is not done again.
        headers["Idempotency-Key"] = str(uuid4())
    given = {name: value for name, value in (parameters or {}).items() if value is not None}
    url = settings.control_plane_url.rstrip("/") + path
    try:
        with httpx.Client(timeout=timeout_s) as client:
            request = client.build_request(method, url, headers=headers, json=body, params=given)
            answer = send(client, request)
            if not answer.is_success:
                answer.read()
                fail(_reason(answer), of_status(answer.status_code))
            yield answer
    except (httpx.TransportError, httpx.InvalidURL) as error:
        where = settings.control_plane_url
        fail(f"the control plane at {where} cannot be reached: {error}", ExitCode.UNREACHABLE)


def load_settings() -> CliSettings:
    """The settings; ends the command when one is wrong."""
    try:
        return CliSettings()
    except ValidationError as error:
        fail(str(error), ExitCode.BAD_INPUT)


def _key(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        hint = "run signalbox init, or set SIGNALBOX_KEY_FILE"
        fail(f"{path}: expected a key file, got {error.strerror}; {hint}", ExitCode.BAD_INPUT)


def _reason(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        lines = [f"{problem['title']}: {problem['detail']}"]
        lines += [
            f"  {each['field']}: expected {each['expected']}, got {each['got']}"
            for each in problem["errors"][1:]
        ]
        return "\n".join(lines)
    except (ValueError, KeyError, TypeError):
        return f"the control plane answered {answer.status_code}"
