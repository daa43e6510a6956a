"""An evaluation context as OpenFeature's clients send it, read within limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from bentos.contract.attributes import AttributeType, check_attributes
from bentos.contract.errors import ContractError
from bentos.contract.identity import check_targeting_key

TARGETING_KEY = "targetingKey"
MAX_BYTES = 64 * 1024


class RefusedError(Exception):
    """``code`` is one of OpenFeature's error codes."""

    def __init__(self, code: str, details: str) -> None:
        self.code = code
        self.details = details
        super().__init__(details)


@dataclass(frozen=True)
class Context:
    """Who is asked about. ``targeting_key`` is None where none was sent."""

    targeting_key: str | None
    attributes: dict[str, Any]


def read_context(body: bytes, declared: Mapping[str, AttributeType]) -> Context:
    """Read a request's body; raises RefusedError.

    Clients put whatever they know into a context. What was never declared cannot be matched and
    is left out; what was, must be of its type, since SDKs disagree on comparing types.
    """
    if len(body) > MAX_BYTES:
        raise RefusedError("INVALID_CONTEXT", f"body: expected at most {MAX_BYTES} bytes")
    try:
        message = msgspec.json.decode(body or b"{}")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError("PARSE_ERROR", f"body: expected JSON; {error}") from error
    if not isinstance(message, dict):
        raise RefusedError("PARSE_ERROR", 'body: expected {"context": {…}}')
    context = message.get("context")
    if context is None:
        return Context(None, {})
    if not isinstance(context, dict):
        raise RefusedError("INVALID_CONTEXT", "context: expected an object")
    try:
        key = context.get(TARGETING_KEY)
        if key is not None:
            check_targeting_key(key, TARGETING_KEY)
        known = {name: value for name, value in context.items() if name in declared}
        return Context(key, check_attributes(known, declared))
    except ContractError as error:
        raise RefusedError("INVALID_CONTEXT", str(error)) from error
