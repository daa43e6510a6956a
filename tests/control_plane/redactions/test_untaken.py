"""A law request nobody took is told to whoever looks after them."""

import pytest

from bentos.contract.errors import ContractError
from control_plane import clock
from control_plane.redactions import untaken
from control_plane.shopify import compliance
from control_plane.shopify.inbox import State, open_inbox
from control_plane.shopify.kept import Compliance
from control_plane.shopify.place import Place

SHOP_REDACT = "shop/redact"


@pytest.fixture
def inbox(tmp_path):
    connection = open_inbox(tmp_path / "inbox.db")
    yield connection
    connection.close()


def come(inbox, seq, ago_s, taken=False):
    place = Place("one.myshopify.com", "demo-shop", clock.later(-ago_s))
    compliance.note(inbox, place, SHOP_REDACT, seq, Compliance({}, (), None))
    if taken:
        compliance.taken(inbox, seq, clock.now())


def aside(inbox, topic, ago_s):
    inbox.execute(
        "INSERT INTO delivery (client_id, webhook_id, topic, shop, domain, received_at, state)"
        " VALUES ('', ?, ?, 'demo-shop', 'two.myshopify.com', ?, ?)",
        (topic, topic, clock.later(-ago_s), State.SET_ASIDE),
    )


def test_what_came_just_now_or_was_taken_is_no_problem(inbox, tmp_path):
    come(inbox, 1, ago_s=60)
    come(inbox, 2, ago_s=7200, taken=True)
    aside(inbox, "orders/create", ago_s=7200)
    untaken.check(tmp_path / "inbox.db")


def test_what_lies_there_is_named_with_its_last_day(inbox, tmp_path):
    come(inbox, 1, ago_s=7200)
    aside(inbox, "customers/redact", ago_s=7200)
    with pytest.raises(ContractError) as caught:
        untaken.check(tmp_path / "inbox.db")
    day = clock.later(30 * 86_400.0 - 7200)[:10]
    assert f"shop/redact of one.myshopify.com, due {day}" in str(caught.value)
    assert "customers/redact of two.myshopify.com, which came" in str(caught.value)
