"""The shortest way from a socket to the lane: a whole infer request in one read is answered at
once, in one write, without scope, task or event.

Whatever is not exactly that (pieces, pipelining, other paths, unusual headers) goes through
uvicorn as it always did, so this class decides about speed only, never about behaviour.
"""

from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bentos.contract.oip import HEADER_LENGTH
from bentos.contract.plain_request import PlainRequests

MAX_HEAD_BYTES = 4096
_HEADER_LENGTH = HEADER_LENGTH.encode()
_STATUS_LINES = {
    status: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


class LaneProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a short cut for ``lane``, an ``OipApp`` (set by ``for_lane``)."""

    lane: Any
    _in_message = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._requests = PlainRequests(MAX_HEAD_BYTES)

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
        request = self._requests.split(data) if self._is_free() else None
        if request is None or not self.lane.takes(request[0].path):
            super().data_received(data)
            return
        self._unset_keepalive_if_required()
        head, body = request
        length = head.headers.get(_HEADER_LENGTH)
        header_length = None if length is None else length.decode("latin-1")
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
