"""New orders → the gateway's score → an assessment in Shopify, with why.

Each order goes through alone; several go at once. A step that fails is tried again, later and
later, until the order is so old that nobody waits for it.
"""

import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as LateError
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import structlog

from bentos.contract.identity import NAMED
from bentos.shopify_admin.errors import ShopifyError
from control_plane import clock
from control_plane.shopify import assessments, history, permission
from control_plane.shopify.admin import AdminOf, OrderGone
from control_plane.shopify.assessments import Item
from control_plane.shopify.effects import ASSESS_WITHIN_S
from control_plane.shopify.explanation import (
    CUSTOMER_ID,
    Contribution,
    contributions,
    occluded,
    usual_of,
)
from control_plane.shopify.facts import (
    Fact,
    Level,
    facts_of,
    level_of,
    pending_facts,
    unscored_facts,
)
from control_plane.shopify.inbox import read_inbox
from control_plane.shopify.inbox_writer import InboxWriter
from control_plane.shopify.metrics import Metrics
from control_plane.shopify.order_features import Features, features_of
from control_plane.shopify.scorer import Score, Scorer, ScoringError

AT_ONCE = 4
BATCH = 32
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 600.0
INPUTS_S = 60.0
"""What the model asks for is asked again so often."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rules:
    """Probabilities from which a risk is MEDIUM and HIGH; seconds until PENDING is said."""

    medium: float
    high: float
    pending_after_s: float


class FraudLoop:
    """``run`` looks once and carries out what is due."""

    def __init__(
        self,
        inbox: Path,
        writer: InboxWriter,
        scorer: Scorer,
        admin_of: AdminOf,
        ask: permission.Ask,
        rules: Rules,
        metrics: Metrics,
    ) -> None:
        self._inbox = inbox
        self._writer = writer
        self._scorer = scorer
        self._admin_of = admin_of
        self._ask = ask
        self._rules = rules
        self._metrics = metrics
        self._inputs: tuple[float, frozenset[str]] = (0.0, frozenset())
        self._under_way = threading.Lock()
        self._workers = ThreadPoolExecutor(AT_ONCE, "assess")
        self._callers = ThreadPoolExecutor(AT_ONCE, "score")

    def close(self) -> None:
        """Let what is under way end."""
        self._workers.shutdown()
        self._callers.shutdown()

    def run(self) -> None:
        """Carry out what is due, until nothing is."""
        while True:
            with self._under_way:
                with closing(read_inbox(self._inbox)) as inbox:
                    items = assessments.due(inbox, clock.now(), BATCH)
                list(self._workers.map(self._one, items))
            if not items:
                return

    def settle(self) -> None:
        """Wait for the orders in hand: those that are in the inbox no more are then decided about
        no more either."""
        with self._under_way:
            pass

    def _one(self, item: Item) -> None:
        try:
            self._carry_on(item)
        except OrderGone as gone:
            self._end(item, "gone", str(gone))
        except Exception as error:
            if not isinstance(error, ScoringError | ShopifyError):
                log.exception("fraud_loop_failed", order=item.order_id)
            self._again(item, error)

    def _carry_on(self, item: Item) -> None:
        if item.state == "queued":
            if item.is_over:
                self._end(item, "gone", "cancelled or fulfilled")
                return
            verdict = self._ask(item.shop, item.customer)
            if verdict is not permission.Verdict.ALLOWED:
                # It was allowed when PENDING was said: that does not stay.
                if item.pending:
                    self._tell_unscored(item)
                self._end(item, verdict.value)
                return
            level, facts = self._decide(item)
        else:
            assert item.level is not None
            level, facts = item.level, item.facts
        self._tell(item, level, facts)

    def _decide(self, item: Item) -> tuple[Level, list[Fact]]:
        """Score the order, and say why; PENDING is told meanwhile if it takes long."""
        with closing(read_inbox(self._inbox)) as inbox:
            order = history.placed_order(inbox, item.domain, item.order_id)
            usual = usual_of(assessments.recent_features(inbox, item.domain, item.order_id))
        if order is None:
            raise OrderGone("not known")
        wanted = self._wanted()
        row = {name: value for name, value in features_of(order).items() if name in wanted}
        call = self._callers.submit(self._score, item, row)
        score = self._patiently(item, call)
        probability = score.probabilities[0]
        why = self._why(item, row, usual, score)
        level = level_of(probability, self._rules.medium, self._rules.high)
        verdict = level, facts_of(probability, why, score.version)
        self._writer.write(lambda inbox: assessments.scored(inbox, item, row, score, verdict))
        return verdict

    def _score(self, item: Item, row: Features) -> Score:
        begun = time.perf_counter()
        try:
            return self._scorer.score([row | self._named(item)], _targeting_key(item))
        finally:
            self._metrics.score_seconds.observe(time.perf_counter() - begun)

    def _patiently(self, item: Item, call: Future[Score]) -> Score:
        try:
            return call.result(self._rules.pending_after_s)
        except LateError:
            self._tell_pending(item)
            return call.result()
        except ScoringError:
            self._tell_pending(item)
            raise

    def _why(self, item: Item, row: Features, usual: Features, score: Score) -> list[Contribution]:
        """Nothing where it cannot be said: an assessment does not wait for its reasons."""
        customer = self._named(item)
        rows: list[tuple[str, Mapping[str, float | str]]] = [
            (name, each | customer) for name, each in occluded(row, usual)
        ]
        if not rows:
            return []
        if customer:
            # Nobody is looked up: what the shop knows of the customer is as of a stranger.
            rows.append((CUSTOMER_ID, row))
        try:
            other = self._scorer.score([each for _, each in rows], _targeting_key(item))
        except ScoringError:
            self._metrics.assessed("unexplained")
            return []
        if other.version != score.version:
            # A release moved between the two calls: their difference would be the versions'.
            self._metrics.assessed("unexplained")
            return []
        names = [name for name, _ in rows]
        found = dict(zip(names, other.probabilities, strict=True))
        return contributions(row, usual, score.probabilities[0], found)

    def _tell_pending(self, item: Item) -> None:
        """Once an order. That it fails keeps nobody from the real one."""
        if item.pending:
            return
        try:
            admin = self._admin_of(item.domain)
            self._writer.write(lambda inbox: assessments.pending(inbox, item, "sending"))
            admin.assess(item.order_id, Level.PENDING, pending_facts())
        except OrderGone:
            raise
        except Exception:
            log.exception("fraud_loop_pending_failed", order=item.order_id)
        else:
            self._writer.write(lambda inbox: assessments.pending(inbox, item, "sent"))
            self._metrics.assessed("pending")

    def _tell(self, item: Item, level: Level, facts: list[Fact]) -> None:
        admin = self._admin_of(item.domain)
        if item.state == "sending" and admin.has_assessed(item.order_id, level, facts):
            self._end(item, "sent")
            return
        self._writer.write(lambda inbox: assessments.sending(inbox, item))
        admin.assess(item.order_id, level, facts)
        self._end(item, "sent")
        self._metrics.assessed(level.value.lower())

    def _again(self, item: Item, error: Exception) -> None:
        age = clock.seconds_since(item.queued_at)
        what = (
            str(error) if isinstance(error, ScoringError | ShopifyError) else type(error).__name__
        )
        if age > ASSESS_WITHIN_S:
            self._give_up(item, what)
            return
        self._metrics.assessed("again")
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(item.attempts, 20))
        due_at = clock.later(pause)
        self._writer.write(lambda inbox: assessments.later(inbox, item, due_at, what))

    def _give_up(self, item: Item, what: str) -> None:
        """What was PENDING does not stay so."""
        if item.pending and item.state == "queued":
            try:
                self._tell_unscored(item)
            except (OrderGone, ShopifyError):
                log.warning("fraud_loop_left_pending", order=item.order_id)
        self._end(item, "given_up", what)

    def _tell_unscored(self, item: Item) -> None:
        self._admin_of(item.domain).assess(item.order_id, Level.NONE, unscored_facts())

    def _end(self, item: Item, state: str, error: str = "") -> None:
        now = clock.now()
        self._writer.write(lambda inbox: assessments.ended(inbox, item, state, now, error))
        self._metrics.assessed(state)

    def _named(self, item: Item) -> dict[str, float | str]:
        """Whom the gateway looks up, if the model has it look anybody up."""
        if item.customer is None or CUSTOMER_ID not in self._wanted():
            return {}
        return {CUSTOMER_ID: f"{NAMED}{item.customer}"}

    def _wanted(self) -> frozenset[str]:
        at, names = self._inputs
        now = time.monotonic()
        if not names or now - at > INPUTS_S:
            names = self._scorer.inputs()
            self._inputs = (now, names)
        return names


def _targeting_key(item: Item) -> str:
    """The customer's pseudonym: the raw id is not here any more. A guest is their order."""
    return item.customer or f"order:{item.order_id}"
