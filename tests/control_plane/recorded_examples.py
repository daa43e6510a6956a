"""Records what the tests ask a control plane and what it answers, for the examples in its OpenAPI
document: one success of every operation, secrets taken out.

    SIGNALBOX_RECORD_EXAMPLES=control_plane/openapi/examples.json pytest tests/control_plane

An operation that has its example keeps it; take its entry out of the file to have it made anew.
"""

import atexit
import json
import os
from pathlib import Path
from typing import Any

import httpx

from control_plane.people.secret import without_secrets
from tests.control_plane.as_described import check, operation_of

VARIABLE = "SIGNALBOX_RECORD_EXAMPLES"
HIDDEN = ("password", "secret")
MOST_ENTRIES = 2
MOST_CHARACTERS = 6000


class Recording:
    """The first success of each operation, by its name: ``POST /api/v1/kills``."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, Any]] = {}

    def take(self, answer: httpx.Response) -> None:
        """An answer, with what was asked for it."""
        name = _operation(answer.request)
        kind = answer.headers.get("content-type", "")
        if name is None or name in self.found or not answer.is_success or "event-stream" in kind:
            return
        answer.read()
        entry: dict[str, Any] = {}
        if answer.request.content and _is_json(answer.request.headers):
            entry["request"] = _tidy(json.loads(answer.request.content))
        if answer.content and kind == "application/json":
            entry["response"] = _tidy(answer.json())
        if entry and len(json.dumps(entry)) < MOST_CHARACTERS and entry.get("response") != []:
            self.found[name] = entry


_all = Recording()


def hooks() -> dict[str, list[Any]]:
    """For httpx's clients: answers are as described; and recorded if the variable names a file."""
    return {"response": [check, _all.take] if VARIABLE in os.environ else [check]}


def _operation(request: httpx.Request) -> str | None:
    found = operation_of(request)
    return None if found is None else f"{request.method} {found[0]}"


def _is_json(headers: httpx.Headers) -> bool:
    return headers.get("content-type", "").startswith("application/json")


def _tidy(value: Any) -> Any:
    """Two entries tell what a list is; what is secret is not told."""
    if isinstance(value, list):
        return [_tidy(each) for each in value[:MOST_ENTRIES]]
    if isinstance(value, dict):
        return {n: _told(n, each) for n, each in value.items()}
    return without_secrets(value) if isinstance(value, str) else value


def _told(name: str, value: Any) -> Any:
    return "…" if isinstance(value, str) and name.endswith(HIDDEN) else _tidy(value)


def _keep() -> None:
    file = Path(os.environ[VARIABLE])
    kept = json.loads(file.read_text()) if file.exists() else {}
    merged = dict(sorted({**_all.found, **kept}.items()))
    file.write_text(json.dumps(merged, indent=1, ensure_ascii=False) + "\n")


if VARIABLE in os.environ:
    atexit.register(_keep)
