"""Bytes of HTTP/1.1 answers: where one ends, and what it says.

Only as much of the protocol as the servers measured here speak: content-length and chunked.
"""

from dataclasses import dataclass

HEAD_END = b"\r\n\r\n"
LINE_END = b"\r\n"
# With its line break: inference-header-content-length ends alike.
LENGTH = b"\r\ncontent-length:"
CHUNKED = b"\r\ntransfer-encoding: chunked"
# In the status line, after "HTTP/1.1 ".
STATUS = slice(9, 12)


@dataclass(frozen=True)
class Answer:
    """One answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class AnswerShape:
    """Recognises an answer laid out like the last one without reading its head.

    A server repeats itself: same length, content-length in the same place. Comparing those two
    places costs a third of looking for them.
    """

    __slots__ = ("_body_at", "_length_at", "_length_line", "_size")

    def __init__(self) -> None:
        self._size = -1
        self._length_at = slice(0, 0)
        self._body_at = slice(0, 0)
        self._length_line = b""

    def fits(self, buffer: bytes) -> bool:
        """Whether ``buffer`` is one whole answer shaped like the last one learned."""
        return (
            len(buffer) == self._size
            and buffer[self._length_at] == self._length_line
            and buffer[self._body_at] == HEAD_END
        )

    def learn(self, answer: bytes) -> None:
        """Remember a whole answer's layout; one without content-length is not remembered."""
        head_end = answer.find(HEAD_END)
        start = answer[:head_end].lower().find(LENGTH)
        if start < 0:
            return
        # The break that ends the line belongs to it: "12" must not fit "123".
        end = answer.find(LINE_END, start + len(LENGTH)) + len(LINE_END)
        self._size = len(answer)
        self._length_at = slice(start, end)
        self._length_line = answer[start:end]
        self._body_at = slice(head_end, head_end + len(HEAD_END))


def answer_size(buffer: bytes) -> int | None:
    """Bytes of the answer at the buffer's start, None while that cannot be told yet.

    Raises ValueError for an answer with neither content-length nor chunks.
    """
    head_end = buffer.find(HEAD_END)
    if head_end < 0:
        return None
    head = buffer[: head_end + len(LINE_END)].lower()
    start = head.find(LENGTH)
    if start >= 0:
        start += len(LENGTH)
        length = int(head[start : head.find(LINE_END, start)])
        return head_end + len(HEAD_END) + length
    if CHUNKED in head:
        return _chunked_size(buffer, head_end + len(HEAD_END))
    raise ValueError(f"neither content-length nor chunks in {buffer[:head_end]!r}")


def parse_answer(answer: bytes) -> Answer:
    """Split a whole answer; chunks are joined."""
    head, _, body = answer.partition(HEAD_END)
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = _join_chunks(body)
    return Answer(int(status_line[STATUS]), headers, body)


def _chunked_size(buffer: bytes, position: int) -> int | None:
    while True:
        line_end = buffer.find(LINE_END, position)
        if line_end < 0:
            return None
        length = int(buffer[position:line_end].partition(b";")[0], 16)
        # The chunk, its line break; after the last one trailers nobody here sends.
        position = line_end + len(LINE_END) + length + len(LINE_END)
        if length == 0:
            return position


def _join_chunks(body: bytes) -> bytes:
    parts: list[bytes] = []
    position = 0
    while True:
        line_end = body.find(LINE_END, position)
        length = int(body[position:line_end].partition(b";")[0], 16)
        if length == 0:
            return b"".join(parts)
        start = line_end + len(LINE_END)
        parts.append(body[start : start + length])
        position = start + length + len(LINE_END)
