"""Calls the control plane; whatever goes wrong becomes a message and an exit code."""

from pathlib import Path
from typing import Any

import httpx
from pydantic import ValidationError

from control_plane.cli.exit_code import ExitCode, of_status
from control_plane.cli.output import fail
from control_plane.cli.settings import CliSettings

TIMEOUT_S = 30.0


def call(method: str, path: str, body: Any = None, parameters: dict[str, Any] | None = None) -> Any:
    """The JSON of a successful answer; ends the command otherwise."""
    settings = load_settings()
    headers = {"Authorization": f"Bearer {_key(settings.key_path)}"}
    given = {name: value for name, value in (parameters or {}).items() if value is not None}
    try:
        answer = httpx.request(
            method,
            settings.control_plane_url.rstrip("/") + path,
            headers=headers,
            json=body,
            params=given,
            timeout=TIMEOUT_S,
        )
    except (httpx.TransportError, httpx.InvalidURL) as error:
        where = settings.control_plane_url
        fail(f"the control plane at {where} cannot be reached: {error}", ExitCode.UNREACHABLE)
    if not answer.is_success:
        fail(_reason(answer), of_status(answer.status_code))
    return answer.json() if answer.content else None


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
