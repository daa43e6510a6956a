"""Builds the decision of a request and writes it before the answer leaves."""

from functools import partial
from time import time_ns
from typing import TYPE_CHECKING, Any

import msgspec

from bentos.contract.brief_decision import (
    SALT_BYTES,
    BriefDecision,
    BriefPersonal,
    DecisionContext,
)
from bentos.contract.decision import Reason
from bentos.contract.identity import Pseudonymizer
from gateway.batch import LaneAnswer
from gateway.decision_id import RANDOM_BYTES, new_decision_id
from gateway.decision_log import DecisionLog, Kept
from gateway.entropy import Entropy
from gateway.errors import GatewayError
from gateway.feature_lookup import recorded
from gateway.kept_inputs import KeptInputs, KeptRows
from gateway.metrics import Metrics
from gateway.query import Query
from gateway.request_log import RequestLog
from gateway.routing import Assignment
from gateway.snapshot import ModelView
from gateway.stopwatch import Stopwatch

if TYPE_CHECKING:
    from gateway.traces import Traces

TARGETING_KEY_KIND = "targeting_key"


class Outcome(msgspec.Struct, frozen=True):
    """What became of a routed request: an answer, or the error the caller sees."""

    reason: Reason
    served_version: str | None
    answer: LaneAnswer | None
    error: GatewayError | None = None

    @property
    def status(self) -> int:
        """HTTP status of the answer."""
        return 200 if self.error is None else self.error.status


class Recorder:
    """Writes decisions of one gateway process, and counts them once they are kept."""

    def __init__(
        self,
        log: DecisionLog,
        metrics: Metrics,
        pseudonymizer: Pseudonymizer,
        *,
        shop: str,
        gateway: str,
        request_log: RequestLog,
        traces: "Traces | None" = None,
    ) -> None:
        self._log = log
        self._request_log = request_log
        self._traces = traces
        self._metrics = metrics
        self._pseudonym_key_id = pseudonymizer.key_id
        self._subject = pseudonymizer.namer(shop, TARGETING_KEY_KIND)
        self._entropy = Entropy()
        self._shop = shop
        self._gateway = gateway

    async def record(
        self,
        view: ModelView,
        query: Query,
        assignment: Assignment,
        outcome: Outcome,
        watch: Stopwatch,
    ) -> tuple[str, Kept]:
        """Write the decision; returns its id and whether it is kept (``DecisionLog.write``)."""
        decision_id = new_decision_id(self._entropy.take(RANDOM_BYTES))
        if query.seen is None:
            query.seen = view.kept, view.kept.of(query.rows)
        personal = self._personal(query, outcome, query.seen[1])
        decision = partial(self._decision, decision_id, personal, query, assignment, outcome, watch)
        return decision_id, await self._log.write(decision)

    def count(
        self,
        decision_id: str,
        view: ModelView,
        assignment: Assignment,
        outcome: Outcome,
        watch: Stopwatch,
    ) -> None:
        """Count what the caller is about to be told."""
        model = view.signature.model
        served = outcome.served_version or assignment.version
        labels = (model, served, assignment.variant, outcome.reason.value, str(outcome.status))
        self._metrics.observe(labels, watch.total_s, outcome.answer)
        if outcome.error is not None or watch.total_s > self._request_log.slow_s:
            self._request_log.note(decision_id, labels, watch)
        if self._traces is not None:
            self._traces.note(decision_id, labels, watch, outcome.answer)

    def _decision(
        self,
        decision_id: str,
        personal: BriefPersonal,
        query: Query,
        assignment: Assignment,
        outcome: Outcome,
        watch: Stopwatch,
        seq: int,
    ) -> BriefDecision:
        answer = outcome.answer
        # By place: names would take as long as writing it down. In the record's order.
        return BriefDecision(
            self._context(query, assignment, outcome, watch),
            decision_id,
            time_ns() // 1000,
            seq,
            assignment.bucket,
            outcome.status,
            len(personal.rows),
            int(watch.total_s * 1e6),
            int(watch.features_s * 1e6),
            answer.queue_us if answer else 0,
            answer.lane_us if answer else 0,
            answer.batch_rows if answer else 0,
            watch.feature_age_s,
            personal,
        )

    def _context(
        self,
        query: Query,
        assignment: Assignment,
        outcome: Outcome,
        watch: Stopwatch,
    ) -> int:
        """The number of what this decision has in common with others."""
        assert query.seen is not None
        kept = query.seen[0]
        shared = (
            assignment.release_id,
            assignment.step,
            assignment.revision,
            assignment.version,
            outcome.served_version,
            assignment.variant,
            outcome.reason,
            watch.schema_digest,
            None if query.personalised else False,
        )
        contexts, key = self._log.contexts, (kept, shared)
        number = contexts.number(key)
        if number is None:
            number = contexts.define(key, partial(self._new_context, kept, shared))
        return number

    def _new_context(
        self, kept: KeptInputs, shared: tuple[Any, ...], number: int
    ) -> DecisionContext:
        mine = (self._shop, self._gateway, self._log.boot)
        members = (*mine, kept.model, *shared, self._pseudonym_key_id, kept.names)
        return DecisionContext(number, *members)

    def _personal(self, query: Query, outcome: Outcome, rows: KeptRows) -> BriefPersonal:
        key = query.targeting_key
        return BriefPersonal(
            None if key is None else self._subject(key),
            {} if query.entities is None else recorded(query.entities),
            rows,
            {} if outcome.answer is None else outcome.answer.outputs,
            query.attributes,
            self._entropy.take(SALT_BYTES),
        )
