import asyncio
import hashlib

import msgspec

from bentos.contract.documents import (
    INLINE_BODY_BYTES,
    Announcement,
    DocumentHeader,
    DocumentName,
    Revision,
)
from control_plane.publish.feed import Announced, Feed
from control_plane.publish.in_force import NOTHING


def document(name, number, body=b'{"models":{},"schema":1}'):
    header = DocumentHeader(
        name=name,
        revision=Revision(1, number),
        digest=hashlib.sha256(body).hexdigest(),
        size=len(body),
        at="2026-11-26T00:00:00.000000Z",
        key_id="k",
        signature="c2ln",
    )
    return header, body


def data_of(event):
    (line,) = [line for line in event.split(b"\n") if line.startswith(b"data: ")]
    return line.removeprefix(b"data: ")


def test_a_small_body_comes_with_its_header_which_older_gateways_still_read():
    header, body = document(DocumentName.KILL, 7)
    event = Announced(header, body).event(NOTHING)
    assert event.startswith(b"event: document\nid: 1.7\ndata: {")
    assert event.endswith(b"}\n\n")
    announcement = msgspec.json.decode(data_of(event), type=Announcement)
    assert announcement.header() == header
    assert announcement.body.encode() == body
    assert msgspec.json.decode(data_of(event), type=DocumentHeader) == header


def test_a_body_of_any_text_is_one_line_of_the_stream():
    header, body = document(DocumentName.KILL, 7, '{"a":"\u2028\\n\u00e9\\u0000"}'.encode())
    event = Announced(header, body).event(NOTHING)
    assert event.count(b"\n") == 4
    assert msgspec.json.decode(data_of(event), type=Announcement).body.encode() == body


def test_what_the_subscriber_has_comes_without_a_body():
    header, body = document(DocumentName.KILL, 7)
    for known in (Revision(1, 7), Revision(1, 8), Revision(2, 1)):
        event = Announced(header, body).event(known)
        assert msgspec.json.decode(data_of(event), type=Announcement).body is msgspec.UNSET
    assert b'"body"' in Announced(header, body).event(Revision(1, 6))


def test_a_large_body_is_left_to_be_fetched():
    fits = document(DocumentName.ROUTES, 1, b"x" * INLINE_BODY_BYTES)
    assert b'"body"' in Announced(*fits).event(NOTHING)
    large = document(DocumentName.ROUTES, 1, b"x" * (INLINE_BODY_BYTES + 1))
    assert b'"body"' not in Announced(*large).event(NOTHING)


async def test_a_reader_gets_all_in_the_order_of_revisions_then_what_is_new():
    feed = Feed()
    routes, kill = document(DocumentName.ROUTES, 2), document(DocumentName.KILL, 1)
    feed.update({DocumentName.ROUTES: routes, DocumentName.KILL: kill})
    assert feed.revision == Revision(1, 2)
    changes = feed.changes(5)
    assert [each.header for each in await anext(changes)] == [kill[0], routes[0]]
    newer = document(DocumentName.KILL, 3)
    feed.update({DocumentName.ROUTES: routes, DocumentName.KILL: newer})
    assert [each.header for each in await anext(changes)] == [newer[0]]
    assert feed.subscribers == 1
    feed.close()
    assert [each async for each in changes] == []
    assert feed.subscribers == 0


async def test_a_reader_that_was_slow_gets_the_newest_only():
    feed = Feed()
    changes = feed.changes(5)
    assert await anext(changes) == []
    for number in range(1, 100):
        feed.update({DocumentName.KILL: document(DocumentName.KILL, number)})
    assert [each.header.revision.number for each in await anext(changes)] == [99]
    await changes.aclose()


async def test_an_older_document_that_is_told_late_changes_and_wakes_nothing():
    feed = Feed()
    older, newer = document(DocumentName.KILL, 3), document(DocumentName.KILL, 4)
    feed.update({DocumentName.KILL: newer})
    woken = asyncio.Event()
    feed.watch(woken)
    for told in (older, newer):
        feed.update({DocumentName.KILL: told})
    assert feed.documents[DocumentName.KILL].header == newer[0]
    assert not woken.is_set()
    feed.update({DocumentName.KILL: document(DocumentName.KILL, 5)})
    assert woken.is_set()
