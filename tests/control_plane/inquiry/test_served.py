import pytest
from sqlalchemy import text

from control_plane.errors import ConflictError, NotFoundError
from control_plane.inquiry.served import served


def test_route_canary_and_kill_as_they_were_told_at_a_time(history):
    first = history.routes(fraud="a")
    plain = history.now()
    history.routes(fraud=("a", "b", 500, "r1"))
    split = history.now()
    killed_seq = history.kills(fraud="a0")
    killed = history.now()
    history.kills()
    history.routes(fraud="b", pricing="p")

    found = history.ask(served, "fraud", plain)
    assert (found.version, found.canary, found.kill) == ("a", None, None)
    assert (found.routes_seq, found.revision) == (first, 0)
    found = history.ask(served, "fraud", split)
    assert found.version == "a"
    assert found.canary == {
        "release": "release:r1",
        "version": "b",
        "weight": 0.05,
        "condition": None,
    }
    found = history.ask(served, "fraud", killed)
    assert (found.version, found.kill["version"], found.kill_seq) == ("a0", "a0", killed_seq)
    found = history.ask(served, "fraud", history.now())
    assert (found.version, found.kill, found.canary) == ("b", None, None)
    with pytest.raises(NotFoundError, match="pricing had no route"):
        history.ask(served, "pricing", killed)
    with pytest.raises(NotFoundError):
        history.ask(served, "fraud", "2026-10-01T00:00:00.000000Z")


def test_a_body_that_is_not_what_was_published_is_not_told(history):
    history.routes(fraud="a")
    with history.database.writer.begin() as connection:
        connection.execute(text("DELETE FROM document_body"))
    with pytest.raises(ConflictError, match="event 1"):
        history.ask(served, "fraud", history.now())
