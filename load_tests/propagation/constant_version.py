"""A version that costs next to nothing: what a real one answered once, again and again.

What is timed is the way of a document, and four thousand probes a second through a real version
would leave none of two cores for it. The answers are the tensor lane's own, one for each number
of rows that probes may be sent together in.
"""

import argparse
import asyncio
from pathlib import Path
from typing import cast

import uvloop

from bentos.oip_app import OipApp
from bentos.onnx_model import OnnxModel
from load_tests.http_answer import HEAD_END, LENGTH, LINE_END
from load_tests.installation.model import SCHEMA, build_graph
from load_tests.propagation.prober import CONNECTIONS

ROWS = range(1, CONNECTIONS + 1)
JSON_LENGTH = b"\r\ninference-header-content-length:"
METADATA = b'{"name":"constant","version":"1","extensions":["binary_tensor_data"]}'


Answers = dict[int, bytes]
"""Length of a request's tensors → the whole answer."""


class ConstantVersion(asyncio.Protocol):
    """One connection of a lane: a request, its answer, the next."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio once connected."""
        # uvloop's transports are no asyncio.Transport but in name.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio with bytes of a request; its last ones are answered."""
        assert self._transport is not None
        self._buffer += data
        head_end = self._buffer.find(HEAD_END)
        if head_end < 0:
            return
        if self._buffer.startswith(b"GET "):
            self._buffer = b""
            self._transport.write(render(200, METADATA, []))
            return
        length, text = (_number(self._buffer[:head_end], each) for each in (LENGTH, JSON_LENGTH))
        if len(self._buffer) >= head_end + len(HEAD_END) + length:
            self._buffer = b""
            self._transport.write(self._answers[length - text])


def render(status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> bytes:
    """The bytes of an answer."""
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    return b"HTTP/1.1 %d OK\r\n%bcontent-length: %d\r\n\r\n%b" % (status, lines, len(body), body)


def answers_of(graph: Path) -> Answers:
    """What the real lane says to rows of defaults, by the bytes of their tensors."""
    app = OipApp(SCHEMA)
    app.bind(OnnxModel(graph), "1")
    answers = {}
    for rows in ROWS:
        body, text = app.example_request(rows)
        answers[len(body) - int(text or 0)] = render(*app.answer(body, text))
    return answers


def _number(head: bytes, name: bytes) -> int:
    """What a header of this name says (with its line break, lower case, and the colon)."""
    start = (head + LINE_END).lower().find(name)
    return int(head[start + len(name) :].split(LINE_END, 1)[0])


async def _serve(path: Path, answers: Answers) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(lambda: ConstantVersion(answers), str(path))
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uds", type=Path, required=True)
    options = parser.parse_args()
    graph = options.uds.with_suffix(".onnx")
    build_graph(graph, 0.0)
    uvloop.run(_serve(options.uds, answers_of(graph)))


if __name__ == "__main__":
    main()
