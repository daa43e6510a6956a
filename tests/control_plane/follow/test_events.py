import pytest

from control_plane.follow import events as module
from control_plane.follow.events import Event, read_events
from control_plane.follow.payload import RefusedError

TEXT = (
    b'retry: 10000\n\nid: 1\nevent: features\ndata: {"a":\ndata: 1}\n\ndata: \n\n'
    b": a comment\n\nevent: features-updated\r\ndata:\r\n\r\nevent: features\ndata: torn"
)
WHOLE = [
    Event("features", b'{"a":\n1}'),
    Event("", b""),
    Event("features-updated", b""),
]


async def pieces(text, size):
    for start in range(0, len(text), size):
        yield text[start : start + size]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
async def test_events_are_whole_however_they_come(size):
    assert [event async for event in read_events(pieces(TEXT, size))] == WHOLE


@pytest.mark.parametrize(
    "text", [b"data: " + b"x" * 200, b"data: xxxxxxxx\n" * 20, b"data:\n" * 200]
)
async def test_an_event_that_never_ends_is_refused(text, monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    with pytest.raises(RefusedError, match="more than 100"):
        [event async for event in read_events(pieces(text, 10))]
