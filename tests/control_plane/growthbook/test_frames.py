import json

from bentos.contract.documents import Revision
from control_plane.growthbook import frames

PAYLOAD = {"status": 200, "features": {"model.a": {"defaultValue": 1}}, "dateUpdated": "2026"}


def sized(size):
    """A payload of exactly so many bytes."""
    empty = len(json.dumps({**PAYLOAD, "pad": ""}, separators=(",", ":")))
    return {**PAYLOAD, "pad": "x" * (size - empty)}


def test_a_state_is_named_by_revision_and_features():
    state = frames.state_id(Revision(2, 7), PAYLOAD)
    assert state.startswith("2.7-")
    other = {**PAYLOAD, "features": {}}
    assert frames.same_state(state, frames.state_id(Revision(3, 9), {**PAYLOAD, "dateUpdated": ""}))
    assert not frames.same_state(state, frames.state_id(Revision(2, 7), other))
    assert not frames.same_state(state, "")


def test_a_payload_is_one_line_within_what_readers_take():
    whole = frames.frame("1.2-a", sized(frames.MAX_LINE_BYTES))
    number, event, data, *end = whole.split(b"\n")
    assert (number, event, end) == (b"id: 1.2-a", b"event: features", [b"", b""])
    assert json.loads(data.removeprefix(b"data: "))["features"] == PAYLOAD["features"]
    assert len(data) < 512 * 1024


def test_a_longer_payload_is_announced():
    announced = frames.frame("1.2-a", sized(frames.MAX_LINE_BYTES + 1))
    assert announced == b"id: 1.2-a\nevent: features-updated\ndata: \n\n"
