"""One request, top to bottom.

    decode → route → canary, or stable when the canary cannot → write the
    decision → answer → (after the answer left) shadows

This is the only file that knows the order. Who calls, and that this caller may ask this model, was
found out before, by the door the call came through (``App.caller_of``, ``storefront.answer``). A
caller never sees a canary's failure.
"""

from contextlib import nullcontext
from functools import lru_cache
from time import monotonic
from typing import Any

from msgspec import structs

from bentos.contract import oip
from bentos.contract.attributes import check_attributes
from bentos.contract.deadline import canary_budget_ms
from bentos.contract.decision import Reason
from bentos.contract.identity import check_targeting_key
from gateway import infer_protocol, predict_protocol
from gateway.auth import SCOPE_PIN, Principal
from gateway.batch import LaneAnswer
from gateway.batch_answer import check_band_inputs, check_bands
from gateway.consent import is_personalised
from gateway.decision_log import Kept
from gateway.errors import (
    BadRequest,
    DeadlineExceeded,
    GatewayError,
    LaneError,
    LaneFull,
    LaneTimeout,
    Unavailable,
)
from gateway.flush import Flush
from gateway.lane_pressure import CANARY, LIVE, Priority
from gateway.overload import Overload
from gateway.query import Query, check_timeout
from gateway.record import Outcome
from gateway.reply import Headers, Reply, error_reply
from gateway.routing import Assignment
from gateway.serving import Serving
from gateway.shadow_copy import ShadowCopy
from gateway.snapshot import ModelView, Snapshot
from gateway.stopwatch import Stopwatch
from gateway.versions import lane_of, view_of

TIMEOUT_HEADER = b"x-request-timeout-ms"
TRACEPARENT_HEADER = b"traceparent"
_HERE = nullcontext()
_HEADER_LENGTH = oip.HEADER_LENGTH.encode()


async def predict(
    serving: Serving,
    caller: Principal,
    model: str,
    pin: str | None,
    headers: dict[bytes, bytes],
    body: bytes,
    *,
    open_protocol: bool,
) -> Reply:
    """Answer one inference request; raises GatewayError or ContractError before routing."""
    watch = Stopwatch(monotonic(), headers.get(TRACEPARENT_HEADER))
    snapshot = serving.snapshot
    view = view_of(snapshot, model)
    query = _decode(serving, view, headers, body, open_protocol=open_protocol)
    del body  # what waits should be small: hundreds of calls fit a core's cache, or do not
    if not is_personalised(headers, query.consent, storefront=caller.storefront):
        view.personal.strip(query)
    if view.entities is not None:
        query.entities = serving.features.name_entities(
            view.entities, query.rows, storefront=caller.storefront
        )
    pin = pin or query.pin
    if pin is not None:
        caller.require(SCOPE_PIN, model)
        pin = lane_of(snapshot, model, pin).version
    assignment = _assign(snapshot, model, query, pin)
    outcome = await _answer(snapshot, view, assignment, query, watch, serving.overload)
    watch.stop()
    decision_id, kept = await serving.recorder.record(view, query, assignment, outcome, watch)
    reply = _reply(view, query, outcome, _facts(assignment, query, outcome, decision_id, kept))
    if isinstance(kept, Flush):  # the reply was made while the disk worked
        kept = await serving.log.on_disk(kept)
        if not kept:
            facts = _facts(assignment, query, outcome, decision_id, kept)
            reply = _reply(view, query, outcome, facts)
    serving.recorder.count(decision_id, view, assignment, outcome, watch)
    if outcome.answer is None or not assignment.shadows:
        return reply
    if not kept:  # no decision that an outcome could lie beside
        serving.shadow.pass_over(assignment.shadows, "unlogged")
        return reply
    copy = _copy(decision_id, model, assignment, outcome.answer, query, watch)
    return structs.replace(reply, shadow=copy)


# --- 1 decode ---------------------------------------------------------------------------
def _decode(
    serving: Serving,
    view: ModelView,
    headers: dict[bytes, bytes],
    body: bytes,
    *,
    open_protocol: bool,
) -> Query:
    if open_protocol:
        length = headers.get(_HEADER_LENGTH)
        text = length.decode("latin-1") if length else None
        query = infer_protocol.decode(view, body, text, serving.config.max_rows)
    else:
        query = predict_protocol.decode(view, body)
    if not 1 <= len(query.rows) <= serving.config.max_rows:
        raise BadRequest(f"rows: expected 1 to {serving.config.max_rows}, got {len(query.rows)}")
    if view.bands:
        check_band_inputs(view.bands, query.rows)
    if query.targeting_key is not None:
        check_targeting_key(query.targeting_key)
    if query.attributes:
        check_attributes(query.attributes, serving.snapshot.attributes)
    header = headers.get(TIMEOUT_HEADER)
    if header is not None:
        query.timeout_ms = check_timeout(header.decode("latin-1"), "header X-Request-Timeout-Ms")
    return query


# --- 2 route ----------------------------------------------------------------------------
def _assign(snapshot: Snapshot, model: str, query: Query, pin: str | None) -> Assignment:
    assert snapshot.routes is not None
    return snapshot.routes.assign(model, query.targeting_key, query.attributes, pin)


# --- 3 answer ---------------------------------------------------------------------------
async def _answer(
    snapshot: Snapshot,
    view: ModelView,
    assignment: Assignment,
    query: Query,
    watch: Stopwatch,
    overload: Overload,
) -> Outcome:
    """The canary inside its budget, else stable inside what is left of the deadline."""
    deadline_ms = query.timeout_ms or view.signature.deadline_ms
    deadline = watch.started + deadline_ms / 1000
    reason = assignment.reason
    if assignment.is_canary:
        stable = snapshot.lanes.get(assignment.stable)
        budget = canary_budget_ms(deadline_ms, stable.p99_ms if stable else 0.0)
        if budget is None:
            reason = Reason.BUDGET
        else:
            try:
                until = watch.started + budget / 1000
                canary = assignment.version
                asked = _ask(snapshot, view, canary, query, until, watch, CANARY)
                with overload.away(view.signature.model):
                    answer = await asked
                return Outcome(reason, canary, answer)
            except LaneFull:
                reason = Reason.SHED
            except LaneError:
                reason = Reason.FALLBACK
    try:
        asked = _ask(snapshot, view, assignment.stable, query, deadline, watch)
        with overload.away(view.signature.model) if assignment.is_elsewhere else _HERE:
            answer = await asked
    except LaneError as error:
        return _failed(error)
    return Outcome(reason, assignment.stable, answer)


async def _ask(
    snapshot: Snapshot,
    view: ModelView,
    version: str,
    query: Query,
    deadline: float,
    watch: Stopwatch,
    priority: Priority = LIVE,
) -> LaneAnswer:
    lane, packer = snapshot.lanes.get(version), snapshot.packers.get(version)
    if lane is None or packer is None:
        raise LaneError(f"{version}: no warm worker is published")
    rows = query.rows
    if packer.views:
        assert snapshot.features is not None
        found = await snapshot.features.find(packer.views, query.entities, len(rows), deadline)
        tensors = packer.pack_known(rows, found.rows)
        kept = snapshot.kept[version]
        query.seen = kept, kept.of_known(rows, found.rows)
        watch.packed(packer.schema_digest, found.age_s)
    else:
        tensors = packer.pack(rows)
        query.seen = None
        watch.packed(packer.schema_digest)
    answer = await lane.submit(tensors, len(rows), deadline, priority, watch.traceparent)
    if view.bands:
        check_bands(view.signature, rows, answer.outputs)
    return answer


def _failed(error: LaneError) -> Outcome:
    """Stable could not answer either: what the caller sees, and what is recorded."""
    failure: GatewayError
    if isinstance(error, LaneTimeout):
        reason, failure = Reason.DEADLINE, DeadlineExceeded(str(error))
    elif isinstance(error, LaneFull):
        reason, failure = Reason.SHED, Unavailable(str(error))
    else:
        reason, failure = Reason.ERROR, Unavailable(str(error))
    return Outcome(reason, None, None, failure)


# --- 4 reply ----------------------------------------------------------------------------
def _facts(
    assignment: Assignment, query: Query, outcome: Outcome, decision_id: str, kept: Kept
) -> dict[str, Any]:
    facts = {
        "decision_id": decision_id if kept else None,
        "model_version": outcome.served_version or assignment.version,
        "variant": assignment.variant,
        "reason": outcome.reason.value,
        "revision": str(assignment.revision),
        "logged": bool(kept),
    }
    if not query.personalised:
        facts["personalised"] = False
    return facts


def _reply(view: ModelView, query: Query, outcome: Outcome, facts: dict[str, Any]) -> Reply:
    headers = [
        *_fact_headers(facts["model_version"], facts["variant"], facts["reason"], facts["revision"])
    ]
    if not query.personalised:
        headers.append((b"x-signalbox-personalised", b"false"))
    if facts["decision_id"] is not None:
        headers.append((b"x-signalbox-decision-id", facts["decision_id"].encode()))
    if outcome.error is not None:
        return error_reply(outcome.error, facts=facts, headers=headers)
    assert outcome.answer is not None
    if query.infer is None:
        body = predict_protocol.encode(outcome.answer.outputs, facts)
        headers.append((b"content-type", oip.JSON_CONTENT_TYPE.encode()))
        return Reply(200, headers, body)
    body, length = infer_protocol.encode(view.signature, query.infer, outcome.answer.outputs, facts)
    kind = oip.JSON_CONTENT_TYPE if length is None else oip.BINARY_CONTENT_TYPE
    headers.append((b"content-type", kind.encode()))
    if length is not None:
        headers.append((_HEADER_LENGTH, str(length).encode()))
    return Reply(200, headers, body)


@lru_cache(1024)
def _fact_headers(version: str, variant: str, reason: str, revision: str) -> Headers:
    """The same few combinations again and again."""
    return [
        (b"x-signalbox-model-version", version.encode()),
        (b"x-signalbox-variant", variant.encode()),
        (b"x-signalbox-reason", reason.encode()),
        (b"x-signalbox-revision", revision.encode()),
    ]


# --- 5 shadows --------------------------------------------------------------------------
def _copy(
    decision_id: str,
    model: str,
    assignment: Assignment,
    answer: LaneAnswer,
    query: Query,
    watch: Stopwatch,
) -> ShadowCopy:
    return ShadowCopy(
        decision_id,
        model,
        assignment.shadows,
        watch.started + watch.total_s,
        answer.outputs,
        query.entities,
        query.rows,
    )
