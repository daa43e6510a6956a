"""The shortest way from a socket to the lane: a whole infer request in one read is answered at
once, in one write, without scope, task or event.

Whatever is not exactly that (pieces, pipelining, other paths, unusual headers) goes through
uvicorn as it always did, so this class decides about speed only, never about behaviour.
"""

from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bentos.contract.oip import HEADER_LENGTH

MAX_HEAD_BYTES = 4096
_METHOD = b"POST "
_VERSION = b" HTTP/1.1"
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length"
_HEADER_LENGTH = HEADER_LENGTH.encode()
# Headers that change how a request is read or answered.
_UNUSUAL = frozenset(
    {b"connection", b"transfer-encoding", b"content-encoding", b"expect", b"upgrade", b"te"}
)
_USUAL_CONNECTION = b"keep-alive"
_STATUS_LINES = {
    status: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


class LaneProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a short cut for ``lane``, an ``OipApp`` (set by ``for_lane``)."""

    lane: Any
    _in_message = False

    @classmethod
    def for_lane(cls, lane: Any) -> "type[LaneProtocol]":
        """A protocol class bound to a lane, as uvicorn makes one object per connection."""
        return type("BoundLaneProtocol", (cls,), {"lane": lane})

    def on_message_begin(self) -> None:
        """The parser has seen a request's first byte: until its end, all bytes are its."""
        self._in_message = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """The parser has seen a request's last byte."""
        self._in_message = False
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Answer a whole infer request here, hand everything else to uvicorn."""
        if not self._is_free() or not data.startswith(_METHOD):
            super().data_received(data)
            return
        request = split_request(data)
        if request is None or not self.lane.takes(request[0]):
            super().data_received(data)
            return
        self._unset_keepalive_if_required()
        _, body, header_length = request
        status, content, headers = self.lane.answer(body, header_length)
        lines = [b"%b: %b\r\n" % header for header in headers]
        lines.append(b"content-length: %d\r\n\r\n" % len(content))
        self.transport.write(b"".join((_STATUS_LINES[status], *lines, content)))
        self.server_state.total_requests += 1
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _is_free(self) -> bool:
        """Nothing half read, nothing being answered, and the client reads its answers."""
        return (
            not self._in_message
            and (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
        )


def split_request(data: bytes) -> tuple[str, bytes, str | None] | None:
    """(path, body, JSON length header) of exactly one plain POST request, else None."""
    head_end = data.find(_HEAD_END, 0, MAX_HEAD_BYTES)
    if head_end < 0:
        return None
    request_line, *lines = data[:head_end].split(b"\r\n")
    headers = _plain_headers(lines)
    start = head_end + len(_HEAD_END)
    if headers is None or not request_line.endswith(_VERSION):
        return None
    length = headers.get(_LENGTH, b"")
    if not length.isdigit() or len(data) != start + int(length):
        return None
    header_length = headers.get(_HEADER_LENGTH)
    path = request_line[len(_METHOD) : -len(_VERSION)].decode("latin-1")
    return path, data[start:], None if header_length is None else header_length.decode("latin-1")


def _plain_headers(lines: list[bytes]) -> dict[bytes, bytes] | None:
    """Lower-case name → value; None for any that repeats, is folded or changes the reading."""
    headers = {}
    for line in lines:
        name, _, value = line.partition(b":")
        name, value = name.lower(), value.strip()
        if not name.isascii() or not name or name != name.strip() or name in headers:
            return None
        if name in _UNUSUAL and value.lower() != _USUAL_CONNECTION:
            return None
        headers[name] = value
    return headers
