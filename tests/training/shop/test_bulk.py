from datetime import UTC, datetime

import pytest

from bentos.shopify_admin.bulk_hints import BulkHints
from tests.stand_in.shopify.hand_clock import HandClock
from training.shop.bulk import HINT_S, Ended, Operations

OURS = "gid://shopify/BulkOperation/720918"


class Running:
    """An operation that ends at some second, and how often it was asked for."""

    def __init__(self, clock, ends_after):
        self.clock, self.asked = clock, 0
        self.ends = clock.monotonic() + ends_after

    def execute(self, name, variables):
        assert (name, variables) == ("bulk_status", {"id": OURS})
        self.asked += 1
        ended = self.clock.monotonic() >= self.ends
        status = "COMPLETED" if ended else "RUNNING"
        return {"bulkOperation": {"id": OURS, "status": status, "createdAt": NOW.isoformat()}}


NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)


@pytest.fixture
def clock():
    return HandClock(NOW)


def waited(clock, admin, hinted):
    began = clock.monotonic()
    assert Operations(admin, clock, hinted).finished(OURS).status == "COMPLETED"
    return clock.monotonic() - began


def test_without_webhooks_it_is_asked_for_less_and_less_often(clock):
    admin = Running(clock, 100)
    assert 100 <= waited(clock, admin, lambda _: False) <= 130
    assert admin.asked == 9


def test_what_the_webhook_says_ends_the_wait(clock, tmp_path):
    hints, admin = BulkHints(tmp_path, "demo.myshopify.com"), Running(clock, 100)

    def hinted(identifier):
        if clock.monotonic() >= admin.ends:
            hints.leave(OURS)
        return hints.take(identifier)

    assert 100 <= waited(clock, admin, hinted) <= 100 + HINT_S
    assert not hints.take(OURS)


def test_what_it_says_is_asked_after_and_believed_only_then(clock):
    # Said too early, by whomever: one question more, then the wait goes on.
    said = [OURS]
    admin = Running(clock, 100)
    assert 100 <= waited(clock, admin, lambda _: bool(said and said.pop())) <= 130
    assert admin.asked <= 10


def test_an_operation_that_was_lost_is_said_to_be(clock):
    class Forgotten:
        def execute(self, name, variables):
            return {"bulkOperation": None}

    with pytest.raises(Ended, match="lost"):
        Operations(Forgotten(), clock, lambda _: True).finished(OURS)
