"""Whom an open law request names stays whole, however old, until the request is closed."""

import json

import pytest

from bentos import redaction_files
from bentos.contract.errors import ContractError
from bentos.contract.redaction import RedactionKind, RedactionRequest
from control_plane import clock
from control_plane.redactions.note import data_request_path, write_data_request
from control_plane.shopify import compliance, keeping
from control_plane.shopify.held import read_held
from control_plane.shopify.inbox import State
from tests.control_plane.shopify.old_inbox import DOMAIN, SHOP, OldInbox, two_at_once

SUBJECT = "A" * 26


@pytest.fixture
def inbox(tmp_path):
    made = OldInbox(tmp_path)
    yield made
    made.close()


def request(kind=RedactionKind.CUSTOMER, **more):
    return RedactionRequest(
        id="r-1",
        kind=kind,
        reason="asked",
        requested_at="2026-11-01T00:00:00Z",
        due_at="2026-12-01T00:00:00Z",
        shop=SHOP,
        **more,
    )


@pytest.mark.parametrize(
    ("write", "stay"),
    [
        (lambda home: write_data_request(home, request(subjects=(SUBJECT,))), {1}),
        (lambda home: redaction_files.write_request(home, request(order_numbers=("2",))), {2}),
        (
            lambda home: redaction_files.write_request(home, request(kind=RedactionKind.SHOP)),
            {1, 2, 3},
        ),
    ],
)
def test_an_open_law_request_holds_what_it_is_about(inbox, write, stay):
    inbox.order(1, 900, customer=SUBJECT)
    inbox.order(2, 900)
    inbox.order(3, 900, customer="B" * 26)
    write(inbox.settings.home)
    assert inbox.due()["orders"] == (3 - len(stay), len(stay))
    inbox.run()
    assert inbox.there() == stay
    for folder in ("requests", "data_requests"):
        for path in (inbox.settings.home / "redactions" / folder).glob("*"):
            path.unlink()
    inbox.run()
    assert inbox.there() == set()


def test_a_request_nobody_has_taken_yet_holds_too(inbox):
    inbox.order(1, 900, customer=SUBJECT)
    inbox.order(2, 900)
    inbox.order(3, 900)
    waits(inbox)
    inbox.run()
    assert inbox.there() == {1, 2}


def test_a_request_that_cannot_be_read_holds_everything(inbox):
    inbox.order(1, 900)
    inbox.delivery(1, 8, State.APPLIED)
    path = data_request_path(inbox.settings.home, "r-1")
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with pytest.raises(ContractError, match="r-1"):
        inbox.run()
    assert inbox.there() == {1}
    # What had gone by then is counted all the same.
    assert inbox.counted == {"delivery": 1}


def waits(inbox):
    inbox.add(
        "compliance_request",
        topic="customers/data_request",
        shop=SHOP,
        domain=DOMAIN,
        subjects=json.dumps({"customer": SUBJECT}),
        order_ids="[2]",
        received_at=clock.now(),
        due_at=clock.now(),
    )


def test_a_request_that_is_handed_over_while_we_look_holds_too(inbox, monkeypatch):
    inbox.order(1, 900, customer=SUBJECT)
    waits(inbox)
    real = compliance.open_requests

    def handed_over_first(rows, limit):
        write_data_request(inbox.settings.home, request(subjects=(SUBJECT,)))
        compliance.taken(inbox.rows, 1, clock.now())
        return real(rows, limit)

    monkeypatch.setattr(compliance, "open_requests", handed_over_first)
    assert read_held(inbox.settings.home, inbox.rows).subjects == {SUBJECT}


def test_one_that_comes_between_two_batches_holds_what_is_still_there(inbox, monkeypatch):
    two_at_once(monkeypatch)
    for number in range(1, 6):
        inbox.order(number, 900)
    real = keeping._delete_orders

    def then_asked(rows, **more):
        write_data_request(inbox.settings.home, request(order_numbers=("1", "5")))
        return real(rows, **more)

    monkeypatch.setattr(keeping, "_delete_orders", then_asked)
    inbox.run()
    assert inbox.there() == {5}
