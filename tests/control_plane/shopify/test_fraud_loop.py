"""The loop over a real inbox; the gateway and Shopify are played, and fail on command."""

import threading
import time
from dataclasses import replace

import pytest

from bentos.shopify_admin.errors import Unavailable
from control_plane import clock
from control_plane.shopify.admin import OrderGone
from control_plane.shopify.effects import put_order
from control_plane.shopify.facts import Level
from control_plane.shopify.fraud_loop import FraudLoop, Rules
from control_plane.shopify.inbox import open_inbox, read_inbox
from control_plane.shopify.inbox_writer import InboxWriter
from control_plane.shopify.kept import Line, Order
from control_plane.shopify.metrics import Metrics
from control_plane.shopify.permission import Verdict
from control_plane.shopify.place import Place
from control_plane.shopify.scorer import Score, ScoringError

DOMAIN = "demo-shop.myshopify.com"


class Gateway:
    """Scores by the amount alone: the log-odds are its log."""

    def __init__(self):
        self.calls, self.failures, self.version = [], 0, "fraud:1"
        self.may_answer = threading.Event()
        self.may_answer.set()

    def inputs(self):
        return frozenset({"amount", "items"})

    def score(self, rows, key):
        self.calls.append((rows, key))
        if self.failures:
            self.failures -= 1
            raise ScoringError("the gateway: away")
        assert self.may_answer.wait(60)
        return Score([r["amount"] / (1 + r["amount"]) for r in rows], self.version, "d-1")


class Shopify:
    def __init__(self):
        self.said, self.fails_with, self.lost = [], None, False
        self.hears = lambda: None

    def assess(self, order_id, level, facts):
        self.hears()
        if self.fails_with:
            error, self.fails_with = self.fails_with, None
            if self.lost:
                self.said.append((order_id, level, facts))
            raise error
        self.said.append((order_id, level, facts))

    def has_assessed(self, order_id, level, facts):
        return (order_id, level, facts) in self.said

    def levels(self):
        return [level for _, level, _ in self.said]


class Stage:
    """Everything a loop needs, and time that is helped along."""

    def __init__(self, folder):
        self.gateway, self.shopify, self.verdict = Gateway(), Shopify(), Verdict.ALLOWED
        self.asked = []
        self.path = folder / "inbox.db"
        self.metrics = Metrics()
        self.writer = InboxWriter(open_inbox(self.path), lambda *_: 0, 100)
        self.writer.start()
        # However busy the machine is: nothing is pending but in the test about that.
        rules = Rules(0.2, 0.6, pending_after_s=60.0)
        self.loop = FraudLoop(
            self.path,
            self.writer,
            self.gateway,
            lambda _: self.shopify,
            self.ask,
            rules,
            self.metrics,
        )

    def ask(self, shop, customer):
        self.asked.append((shop, customer))
        return self.verdict

    def place(self, number, amount=1.0, **more):
        at = int(time.time() * 1e6)
        known = {"customer": "A" * 26, "currency": "EUR", "cancelled_us": None, "test": False}
        states = dict.fromkeys(("cancel_reason", "financial_status", "fulfillment_status"))
        fields = {"id": number, "created_us": at, "updated_us": at, "offset_s": 0} | known | states
        order = Order(**fields | {"lines": (Line(1, None, 1, amount, amount),)} | more)
        place = Place(DOMAIN, "demo-shop", clock.now())
        return self.writer.write(lambda inbox: put_order(inbox, place, order))

    def row(self, number):
        inbox = read_inbox(self.path)
        row = inbox.execute("SELECT * FROM assessment WHERE order_id = ?", (number,)).fetchone()
        inbox.close()
        return None if row is None else dict(row)

    def again(self):
        """The next turn is now."""
        self.writer.write(lambda inbox: inbox.execute("UPDATE assessment SET due_at = ''"))
        self.loop.run()

    def close(self):
        self.loop.close()
        self.writer.stop()


@pytest.fixture
def stage(tmp_path):
    stage = Stage(tmp_path)
    yield stage
    stage.close()


def test_an_order_is_scored_and_told_once(stage):
    stage.place(1, amount=9.0)
    stage.loop.run()
    stage.again()
    [(order_id, level, facts)] = stage.shopify.said
    assert (order_id, level) == (1, Level.HIGH)
    assert "90.0%" in facts[0]["description"]
    row = stage.row(1)
    assert (row["state"], row["decision_id"], row["version"]) == ("sent", "d-1", "fraud:1")
    # What the signature asks for and nothing else, under the customer's pseudonym.
    assert stage.gateway.calls == [([{"amount": 9.0, "items": 1.0}], "A" * 26)]
    assert stage.asked == [("demo-shop", "A" * 26)]


def test_news_of_an_assessed_order_begin_no_second_assessment(stage):
    stage.place(1)
    stage.loop.run()
    stage.place(1, amount=2.0)
    stage.loop.run()
    assert len(stage.shopify.said) == 1


def test_once_there_are_orders_to_compare_with_the_reasons_are_told(stage):
    for number in range(30):
        stage.place(number, amount=0.05)
    stage.loop.run()
    stage.place(99, amount=9.0)
    stage.loop.run()
    facts = next(facts for number, _, facts in stage.shopify.said if number == 99)
    assert facts[1]["description"].startswith("Order total: 9.00 (usual here: 0.05)")
    assert facts[1]["sentiment"] == "NEGATIVE"


def test_a_model_that_looks_customers_up_is_told_whom(stage):
    """By pseudonym; and what is known of them is one of the reasons."""
    stage.gateway.inputs = lambda: frozenset({"amount", "items", "customer_id"})
    real = stage.gateway.score
    known = f"pseudonym:{'A' * 26}"

    def score(rows, key):
        # Whom it knows it believes.
        told = [
            row | {"amount": row["amount"] / (4 if "customer_id" in row else 1)} for row in rows
        ]
        return real(told, key)

    for number in range(30):
        stage.place(number, amount=0.05)
    stage.place(50, amount=0.05, customer=None)
    stage.loop.run()
    assert {row.get("customer_id") for rows, _ in stage.gateway.calls for row in rows} == {
        known,
        None,
    }
    stage.gateway.score = score
    stage.place(99, amount=9.0)
    stage.loop.run()
    facts = next(facts for number, _, facts in stage.shopify.said if number == 99)
    assert {
        "description": "What is known of this customer's earlier orders lowers the risk",
        "sentiment": "POSITIVE",
    } in facts
    assert "customer_id" not in stage.row(99)["features"]


def test_reasons_of_another_version_are_not_told(stage):
    for number in range(30):
        stage.place(number, amount=0.05)
    stage.loop.run()
    real = stage.gateway.score

    def moved(rows, key):
        answer = real(rows, key)
        return Score(answer.probabilities, f"fraud:{len(stage.gateway.calls)}", "d")

    stage.gateway.score = moved
    stage.place(99, amount=9.0)
    stage.loop.run()
    facts = next(facts for number, _, facts in stage.shopify.said if number == 99)
    assert len(facts) == 2


@pytest.mark.parametrize("verdict", [Verdict.OPTED_OUT, Verdict.NO_CONSENT])
def test_who_may_not_be_decided_about_is_not_even_scored(stage, verdict):
    stage.verdict = verdict
    stage.place(1)
    stage.loop.run()
    assert (stage.gateway.calls, stage.shopify.said) == ([], [])
    assert stage.row(1)["state"] == verdict.value
    assert f'assessments_total{{outcome="{verdict.value}"}} 1.0' in stage.metrics.page().decode()


@pytest.mark.parametrize("verdict", [Verdict.OPTED_OUT, Verdict.NO_CONSENT])
def test_who_may_not_be_decided_about_any_more_is_not_left_pending(stage, verdict):
    stage.gateway.failures = 1
    stage.place(1)
    stage.loop.run()
    stage.verdict = verdict
    stage.shopify.fails_with = Unavailable("no connection")
    stage.again()
    assert stage.row(1)["state"] == "queued"
    stage.again()
    assert stage.row(1)["state"] == verdict.value
    assert stage.shopify.levels() == [Level.PENDING, Level.NONE]
    assert len(stage.gateway.calls) == 1


def test_a_slow_score_is_pending_first_and_then_itself(stage):
    stage.loop._rules = replace(stage.loop._rules, pending_after_s=0.1)
    stage.gateway.may_answer.clear()
    stage.shopify.hears = stage.gateway.may_answer.set
    stage.place(1, amount=0.1)
    stage.loop.run()
    assert stage.shopify.levels() == [Level.PENDING, Level.LOW]


def test_a_gateway_that_is_away_is_asked_again_and_pending_said_once(stage):
    stage.gateway.failures = 2
    stage.place(1, amount=9.0)
    stage.loop.run()
    assert (stage.row(1)["state"], stage.row(1)["attempts"]) == ("queued", 1)
    stage.again()
    stage.again()
    assert stage.shopify.levels() == [Level.PENDING, Level.HIGH]


def test_what_may_have_arrived_is_looked_up_before_it_is_said_again(stage):
    stage.shopify.fails_with = Unavailable("no answer", maybe_done=True)
    stage.shopify.lost = True
    stage.place(1, amount=9.0)
    stage.loop.run()
    assert stage.row(1)["state"] == "sending"
    stage.again()
    assert stage.row(1)["state"] == "sent"
    assert stage.shopify.levels() == [Level.HIGH]
    assert len(stage.gateway.calls) == 1


def test_what_did_not_arrive_is_said_again_without_another_score(stage):
    stage.shopify.fails_with = Unavailable("no answer", maybe_done=True)
    stage.place(1, amount=9.0)
    stage.loop.run()
    stage.again()
    assert stage.shopify.levels() == [Level.HIGH]
    assert len(stage.gateway.calls) == 1


def test_a_fulfilled_order_takes_none(stage):
    stage.shopify.fails_with = OrderGone("ORDER_ALREADY_FULFILLED")
    stage.place(1)
    stage.loop.run()
    stage.place(2, cancelled_us=5)
    stage.loop.run()
    assert stage.row(1)["state"] == "gone"
    assert stage.row(2) is None


def test_an_order_nobody_waits_for_any_more_is_given_up_and_not_left_pending(stage):
    stage.gateway.failures = 9
    stage.place(1)
    stage.loop.run()
    old = clock.later(-3 * 86_400)
    stage.writer.write(lambda inbox: inbox.execute("UPDATE assessment SET queued_at = ?", (old,)))
    stage.again()
    assert stage.row(1)["state"] == "given_up"
    assert stage.shopify.levels() == [Level.PENDING, Level.NONE]


def test_an_old_order_is_history(stage):
    stage.place(1, created_us=int((time.time() - 10 * 86_400) * 1e6))
    assert stage.row(1) is None


def test_whoever_erases_waits_for_the_order_in_hand(stage):
    """Its decision would else be made after the decisions were ordered erased."""
    stage.gateway.may_answer.clear()
    stage.place(1, amount=9.0)
    loop = threading.Thread(target=stage.loop.run)
    loop.start()
    while not stage.gateway.calls:
        time.sleep(0.01)
    erasing = threading.Thread(target=stage.loop.settle)
    erasing.start()
    erasing.join(0.2)
    assert erasing.is_alive()
    assert stage.row(1)["state"] == "queued"
    stage.gateway.may_answer.set()
    erasing.join()
    assert stage.row(1)["state"] == "sent"
    loop.join()
