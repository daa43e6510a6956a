"""What goes back to a caller: an answer, or an error in the one shape all of them have."""

from http import HTTPStatus
from typing import Any

import msgspec

from bentos.contract.errors import ContractError
from gateway.errors import GatewayError, MethodNotAllowed, UnsupportedEncoding
from gateway.shadow_copy import ShadowCopy

Headers = list[tuple[bytes, bytes]]
_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}".encode() for status in HTTPStatus
}


class Reply(msgspec.Struct, frozen=True):
    """An answer ready to send; ``shadow`` is handed on once it has left."""

    status: int
    headers: Headers
    body: bytes
    shadow: ShadowCopy | None = None


def error_reply(
    error: GatewayError,
    *,
    cause: ContractError | None = None,
    facts: dict[str, Any] | None = None,
    headers: Headers | None = None,
) -> Reply:
    """``{"error": "…"}`` as the Open Inference Protocol has it, plus the field at fault,
    or which decision records the failure."""
    body: dict[str, Any] = {"error": str(error), **(facts or {})}
    if cause is not None:
        body |= {"field": cause.field, "expected": cause.expected, "got": cause.got}
    headers = [*(headers or ()), (b"content-type", b"application/json")]
    if error.retry_after_s is not None:
        headers.append((b"retry-after", str(error.retry_after_s).encode()))
    if error.closes:
        headers.append((b"connection", b"close"))
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", error.allowed.encode()))
    elif isinstance(error, UnsupportedEncoding):
        headers.append((b"accept-encoding", b"gzip, deflate"))
    return Reply(error.status, headers, msgspec.json.encode(body))


def render(reply: Reply, *, close: bool) -> bytes:
    """The bytes of an answer."""
    lines = [_STATUS_LINES[reply.status], *map(b": ".join, reply.headers)]
    if close:
        lines.append(b"connection: close")
    lines.append(b"content-length: %d\r\n\r\n" % len(reply.body))
    return b"\r\n".join(lines) + reply.body
