"""What a worker hands to the shadow process, and what becomes of what it cannot."""

import asyncio
import errno
import os
import socket
import uuid
from time import monotonic

import pytest

from gateway.decision_id import RANDOM_BYTES, new_decision_id
from gateway.overload import Overload
from gateway.shadow_copy import ShadowCopy, decode_copies
from gateway.shadow_feed import MAX_COPIES, MAX_DATAGRAM_BYTES, Channel, ShadowFeed, is_sampled

VERSION = "fraud:20260101-aaaaaaaa"


@pytest.fixture(params=["seqpacket", "datagrams"])
def channel(request, monkeypatch):
    """Also as on macOS, which has no sockets that are both."""
    pair = socket.socketpair

    def socketpair(*kind):
        if socket.SOCK_SEQPACKET in kind and request.param == "datagrams":
            raise OSError(43, "Protocol not supported")
        return pair(*kind)

    monkeypatch.setattr(socket, "socketpair", socketpair)
    channel = Channel.open()
    yield channel
    channel.close()


def feed_into(channel, **more):
    end = None if channel is None else channel.feed
    return ShadowFeed(end, Overload(), **{"sample": 1.0, "max_rows": 4, **more})


def copy_of(rows, versions=(VERSION,), at=1.5):
    id_ = new_decision_id(os.urandom(RANDOM_BYTES))
    return ShadowCopy(id_, "fraud", versions, at, {"p": [0.5]}, {"customer": ["x"]}, rows)


def arrived(channel):
    found = []
    try:
        while True:
            found.append(decode_copies(channel.sink.recv(MAX_DATAGRAM_BYTES)))
    except BlockingIOError:
        return found


async def test_copies_of_a_moment_arrive_whole_and_together(channel):
    feed = feed_into(channel)
    sent = [copy_of([{"amount": float(n)}]) for n in range(3)]
    for each in sent:
        feed.mirror(each)
    assert arrived(channel) == []
    await asyncio.sleep(0.05)
    [found] = arrived(channel)
    assert [each.decision_id for each in found] == [each.decision_id for each in sent]
    assert (found[0].model, found[0].versions, found[0].at) == ("fraud", (VERSION,), 1.5)
    assert (found[0].outputs, found[0].entities) == ({"p": [0.5]}, {"customer": ["x"]})


async def test_many_at_once_do_not_wait(channel):
    feed = feed_into(channel)
    for _ in range(MAX_COPIES):
        feed.mirror(copy_of([{}]))
    assert [len(found) for found in arrived(channel)] == [MAX_COPIES]


async def test_what_does_not_fit_one_datagram_is_divided_and_a_giant_loses_its_rows(channel):
    feed = feed_into(channel)
    large, giant = "x" * (MAX_DATAGRAM_BYTES // 2), "x" * MAX_DATAGRAM_BYTES
    for text in (large, large, giant, ""):
        feed.mirror(copy_of([{"note": text}]))
    feed.flush()
    found = [each for part in arrived(channel) for each in part]
    assert [len(bytes(each.rows)) > 1 for each in found] == [True, True, False, True]
    assert not feed.tally.dropped


async def test_too_many_rows_are_told_without_them(channel):
    feed = feed_into(channel)
    feed.mirror(copy_of([{}] * 5))
    feed.flush()
    [[found]] = arrived(channel)
    assert bytes(found.rows) == b"\x90"


async def test_a_full_channel_drops_and_counts_and_rests_a_moment(channel):
    feed = feed_into(channel)
    sent = 0
    while not feed.tally.dropped:
        feed.mirror(copy_of([{"note": "x" * 100_000}], (VERSION, "other"), monotonic()))
        feed.flush()
        sent += 1
    assert feed.tally.dropped == {(VERSION, "queue"): 1, ("other", "queue"): 1}
    assert len(arrived(channel)) == sent - 1
    before = feed._full_until - 1e-6
    for at in (before, feed._full_until):
        feed.mirror(copy_of([{}], at=at))
        feed.flush()
    assert len(arrived(channel)) == 1
    assert feed.tally.dropped[VERSION, "queue"] == 2


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.ENOBUFS, "queue"), (errno.EPIPE, "unavailable"), (errno.EMSGSIZE, "unavailable")],
)
async def test_what_the_system_refuses_is_counted_by_what_it_says(number, reason):
    class Refusing:
        def send(self, data):
            raise OSError(number, "as the system has it")

    feed = ShadowFeed(Refusing(), Overload(), sample=1.0, max_rows=4)
    feed.mirror(copy_of([{}]))
    feed.flush()
    assert feed.tally.dropped == {(VERSION, reason): 1}
    assert (feed._full_until > 0) == (reason == "queue")


async def test_without_a_shadow_process_all_are_counted():
    feed = feed_into(None)
    feed.mirror(copy_of([{}]))
    feed.flush()
    assert feed.tally.dropped == {(VERSION, "unavailable"): 1}


async def test_while_calls_are_refused_nothing_is_handed_over(channel):
    feed = feed_into(channel)
    feed._overload.stands = True
    feed.mirror(copy_of([{}]))
    feed.flush()
    assert feed.tally.dropped == {(VERSION, "overload"): 1}
    assert arrived(channel) == []


async def test_a_decision_outside_the_sample_is_counted_and_not_handed_over(channel):
    feed = feed_into(channel, sample=0.0)
    feed.mirror(copy_of([{}]))
    feed.flush()
    assert feed.tally.dropped == {(VERSION, "sampled_out"): 1}
    assert arrived(channel) == []


def test_the_sample_is_a_share_of_the_ids_and_a_larger_one_contains_a_smaller():
    ids = [new_decision_id(os.urandom(RANDOM_BYTES)) for _ in range(4000)]
    tenth = {id_ for id_ in ids if is_sampled(id_, 0.1)}
    half = {id_ for id_ in ids if is_sampled(id_, 0.5)}
    assert 250 < len(tenth) < 550
    assert tenth < half
    assert is_sampled(str(uuid.UUID(int=2**128 - 1)), 1.0)
    assert not is_sampled(str(uuid.UUID(int=0)), 0.0)
