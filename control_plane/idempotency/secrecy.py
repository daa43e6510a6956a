"""What of an answer may be kept: never what is shown once. Pure."""

import json
from typing import Any

from control_plane.people.secret import without_secrets

SECRET_NAMES = frozenset({"key", "password", "secret", "token"})
"""Members of answers that hold a secret in clear, at any depth, whichever slice answers."""


def without_what_is_shown_once(text: str) -> tuple[str, bool]:
    """A JSON answer without its secrets, and whether there were any."""
    answer = json.loads(text)
    # Also a secret that stands under a name nobody thought of.
    kept = without_secrets(json.dumps(_without(answer)))
    return kept, json.loads(kept) != answer


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without(each)
            for name, each in value.items()
            if not (name in SECRET_NAMES and isinstance(each, str))
        }
    return [_without(each) for each in value] if isinstance(value, list) else value
