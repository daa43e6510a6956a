"""Delayed labels, and the decisions they are joined to."""

from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from control_plane.shopify import outcomes
from control_plane.shopify.assessments import due, scored
from control_plane.shopify.effects import put_order
from control_plane.shopify.facts import Level
from control_plane.shopify.inbox import open_inbox, transaction
from control_plane.shopify.kept import Dispute, Line, Order, Refund
from control_plane.shopify.outcome_files import write_files
from control_plane.shopify.outcomes import fraud_label
from control_plane.shopify.place import Place
from control_plane.shopify.scorer import Score

PLACE = Place("demo-shop.myshopify.com", "demo-shop", "2026-11-22T00:00:00.000000Z")
AT = 1_795_305_600_000_000


@pytest.fixture
def inbox(tmp_path):
    connection = open_inbox(tmp_path / "inbox.db")
    yield connection
    connection.close()


def dispute(**more):
    known = {"id": 1, "order": 5, "type": "chargeback", "reason": "fraudulent", "initiated_us": AT}
    return Dispute(
        **{"status": None, "amount": Decimal("9.90"), "currency": "EUR", **known, **more}
    )


def order(number, **more):
    known = {
        "id": number,
        "created_us": AT,
        "updated_us": AT,
        "offset_s": 0,
        "customer": None,
        "lines": (Line(1, None, 1, 5.0, 5.0),),
        "currency": "EUR",
        "cancelled_us": None,
        "cancel_reason": None,
        "financial_status": None,
        "fulfillment_status": None,
        "test": False,
    }
    return Order(**known | more)


@pytest.mark.parametrize(
    ("status", "label"),
    [("needs_response", 1), ("lost", 1), ("accepted", 1), ("won", 0), ("prevented", 0)],
)
def test_a_chargeback_as_fraud_is_a_label(status, label):
    assert fraud_label(dispute(status=status)) == label


def test_other_disputes_say_nothing_about_fraud():
    assert fraud_label(dispute(reason="product_not_received", status="lost")) is None
    assert fraud_label(dispute(type="inquiry", status="lost")) is None


def test_a_dispute_never_goes_back(inbox):
    with transaction(inbox):
        assert outcomes.dispute(inbox, PLACE, dispute(status="won"))
        assert not outcomes.dispute(inbox, PLACE, dispute(status="needs_response"))
    [row] = inbox.execute("SELECT status, fraud FROM outcome").fetchall()
    assert tuple(row) == ("won", 0)


def test_files_join_what_became_of_it_to_the_decision(inbox, tmp_path):
    with transaction(inbox):
        for each in (order(5), order(6), order(7, test=True)):
            put_order(inbox, PLACE, each)
        [item] = [each for each in due(inbox, "2027", 10) if each.order_id == 5]
        verdict = (Level.HIGH, [])
        scored(inbox, item, {"amount": 5.0}, Score([0.9], "fraud:1", "d-1"), verdict)
        outcomes.dispute(inbox, PLACE, dispute(status="lost"))
        outcomes.refund(inbox, PLACE, Refund(2, 6, AT, Decimal("1.50"), 1))
        outcomes.refund(inbox, PLACE, Refund(3, 7, AT, Decimal("1.50"), 0))
        cancelled = order(6, cancelled_us=AT + 1, cancel_reason="fraud", updated_us=AT + 1)
        outcomes.cancellation(inbox, PLACE, cancelled)
    # As an earlier release left it.
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "outcomes.parquet").write_bytes(b"PAR1")
    rows = write_files(tmp_path / "inbox.db", tmp_path / "lake")
    assert rows == {"outcomes": 3, "assessments": 1}
    found = pq.read_table(tmp_path / "lake" / "outcomes.parquet").to_pylist()
    told = [
        (r["order_id"], r["kind"], r["fraud"], r["decision_id"], r["probability"]) for r in found
    ]
    assert told == [
        (5, "chargeback", 1, "d-1", 0.9),
        (6, "cancellation", 1, None, None),
        (6, "return", None, None, None),
    ]
    assert found[2]["amount"] == "1.50"
    # Again over what is there, and with nothing to say.
    assert write_files(tmp_path / "inbox.db", tmp_path / "lake") == rows
