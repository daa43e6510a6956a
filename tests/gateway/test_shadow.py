"""Shadows in front of real version processes: whatever they do, answers stay and all is counted."""

import asyncio
import signal
from dataclasses import replace
from time import monotonic
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from bentos.contract.documents import DocumentName
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.segment import ShadowFrame
from gateway.logging import exception_without_values
from gateway.shadow import ShadowLimits, ShadowMirror
from gateway.shadow_comparison import Tolerance
from gateway.shadow_copy import ShadowCopy
from tests.gateway.installation import SHADOW, STABLE, WIDE, frames, route, schemas_body
from tests.gateway.lanes import PATIENT_S, until

OTHER_SHADOW = "fraud:20260102-bbbbbbbb"


@pytest.fixture(scope="module")
def stable(versions):
    return versions.start()


async def shadowed(gateway, addresses, shadows=(SHADOW,), **limits):
    """The gateway and its shadow process, which has other limits than usual; its tally."""
    gateway.publish_all(addresses, route(shadow=shadows))
    await gateway.connected()
    return (await gateway.start_shadow(**limits)).tally


async def ask_many(gateway, count=20, **more):
    answers = await asyncio.gather(*[gateway.predict(f"s{n}", **more) for n in range(count)])
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["model_version"] for answer in answers} == {STABLE}
    assert {answer.json()["reason"] for answer in answers} == {"STATIC"}
    return {answer.json()["decision_id"] for answer in answers}


async def test_shadows_are_compared_output_by_output_after_the_answer(gateway, stable, versions):
    tally = await shadowed(gateway, {STABLE: stable, SHADOW: versions.start()})
    ids = await ask_many(gateway)
    await until(lambda: tally.totals()["compared"] == 20)
    found = frames(gateway, ShadowFrame)
    assert {frame.outcome.decision_id for frame in found} == ids
    for frame in found:
        assert (frame.outcome.version, frame.outcome.status) == (SHADOW, "ok")
        assert frame.outcome.agrees
        measures = {"fraud_probability": 0.0, "fraud_probability.relative": 0.0}
        assert frame.outcome.comparison == measures


async def test_a_shadow_that_thinks_otherwise_is_told_apart(gateway, stable, versions):
    other = versions.start(bias=1.0)
    tally = await shadowed(gateway, {STABLE: stable, SHADOW: other})
    await ask_many(gateway, 5)
    await until(lambda: tally.totals()["compared"] == 5)
    assert tally.totals()["agreed"] == 0
    assert tally.outputs[SHADOW, "fraud_probability", False] == 5
    assert tally.distances[SHADOW, "fraud_probability"] > 1.0


@pytest.mark.parametrize("fault", ["late", "hung", "error", "half", "wrong_dtype", "nan"])
async def test_whatever_a_shadow_does_answers_stay_and_it_is_recorded(
    gateway, stable, versions, fault
):
    bad = versions.start(fault=fault)
    # A copy the machine itself lets lie for so long would be dropped, not asked about.
    limits = {"shadow_deadline_ms": 1000} if fault in ("late", "hung") else {}
    tally = await shadowed(gateway, {STABLE: stable, SHADOW: bad}, **limits)
    ids = await ask_many(gateway)
    await until(lambda: tally.totals()["failed"] == 20)
    found = frames(gateway, ShadowFrame)
    assert {frame.outcome.decision_id for frame in found} == ids
    assert {frame.outcome.agrees for frame in found} == {None}
    assert {frame.outcome.status for frame in found} <= {"timeout", "lost", "bad_answer"} | {
        "unavailable"
    }
    versions.kill(bad)


async def test_a_shadow_whose_features_cannot_take_an_input_is_recorded(gateway, stable, versions):
    numbers = FeatureSchema(model="fraud", features=(Feature(name="n", source="input:note"),))
    shadow = versions.start(schema=numbers)
    gateway.publish_all({STABLE: stable, SHADOW: shadow}, route(shadow=(SHADOW,)))
    gateway.publish(DocumentName.SCHEMAS, schemas_body({SHADOW: numbers}))
    await gateway.connected()
    tally = (await gateway.start_shadow()).tally
    ids = await ask_many(gateway, 3, instances=[{"amount": 10.0, "note": "a text"}])
    await until(lambda: tally.totals()["failed"] == 3)
    found = frames(gateway, ShadowFrame)
    assert {frame.outcome.decision_id for frame in found} == ids
    assert {frame.outcome.status for frame in found} == {"unpackable"}


async def test_a_killed_shadow_costs_no_answer(gateway, stable, versions):
    doomed = versions.start()
    tally = await shadowed(gateway, {STABLE: stable, SHADOW: doomed})
    killed = asyncio.to_thread(versions.kill, doomed)
    await asyncio.gather(ask_many(gateway, 50), killed)
    await ask_many(gateway, 20)
    await until(lambda: sum(tally.totals()[k] for k in ("compared", "failed")) == 70)


async def test_a_hung_shadow_fills_its_own_queue_and_no_other_s(gateway, stable, versions):
    hung, good = versions.start(), versions.start(schema=WIDE)
    addresses = {STABLE: stable, SHADOW: hung, OTHER_SHADOW: good}
    limits = {"shadow_queue": 3, "shadow_concurrency": 2}
    tally = await shadowed(gateway, addresses, (SHADOW, OTHER_SHADOW), **limits)
    versions.signal(hung, signal.SIGSTOP)
    for number in range(1, 21):
        await ask_many(gateway, 1)
        await until(lambda number=number: tally.compared[OTHER_SHADOW] == number)
    assert tally.dropped == {(SHADOW, "queue"): 15}
    versions.signal(hung, signal.SIGCONT)


async def test_a_request_too_large_to_mirror_is_recorded_as_such(gateway, stable, versions):
    addresses = {STABLE: stable, SHADOW: versions.start()}
    tally = await shadowed(gateway, addresses, shadow_max_bytes=7)
    gateway.serving.shadow._max_rows = 2
    await ask_many(gateway, 1, instances=[{"amount": 1.0}] * 3)
    await ask_many(gateway, 1, instances=[{"amount": 1.0}] * 2)
    await until(lambda: tally.dropped == {(SHADOW, "size"): 2})
    found = frames(gateway, ShadowFrame)
    assert [frame.outcome.status for frame in found] == ["skipped_size", "skipped_size"]
    assert [frame.outcome.agrees for frame in found] == [None, None]


async def test_a_copy_that_lay_too_long_is_dropped(gateway, stable, versions):
    gateway.publish_all({STABLE: stable, SHADOW: versions.start()}, route(shadow=(SHADOW,)))
    await gateway.connected()
    await ask_many(gateway, 5)
    await asyncio.sleep(0.3)
    tally = (await gateway.start_shadow(shadow_deadline_ms=200)).tally
    await until(lambda: tally.dropped == {(SHADOW, "late"): 5})


async def test_a_version_it_does_not_know_yet_is_known_with_the_next_documents(
    gateway, stable, versions
):
    # So long it waits at its start for a version that is not there.
    tally = await shadowed(gateway, {STABLE: stable}, shadow_deadline_ms=200)
    mirror = gateway.shadow.mirror
    mirror._limits = replace(mirror._limits, deadline_s=PATIENT_S)
    await ask_many(gateway, 1)
    await until(lambda: tally.dropped == {(SHADOW, "unavailable"): 1})
    gateway.publish_all({STABLE: stable, SHADOW: versions.start()}, route(shadow=(SHADOW,)))
    await until(lambda: SHADOW in gateway.shadow.snapshot.lanes)
    await until(lambda: gateway.shadow.snapshot.lanes[SHADOW].reachable)
    await ask_many(gateway, 3)
    await until(lambda: tally.totals()["compared"] == 3)
    assert set(gateway.shadow.snapshot.lanes) == {SHADOW}


async def test_without_a_decision_no_shadow_is_asked_and_without_room_no_outcome_is_written(
    gateway, stable, versions
):
    tally = await shadowed(gateway, {STABLE: stable, SHADOW: versions.start()})
    gateway.serving.log._over_budget = True
    answer = await gateway.predict()
    assert (answer.status_code, answer.json()["logged"]) == (200, False)
    assert gateway.serving.shadow.tally.dropped == {(SHADOW, "unlogged"): 1}
    gateway.serving.log._over_budget = False
    gateway.shadow.log._over_budget = True
    await ask_many(gateway, 3)
    await until(lambda: tally.totals()["compared"] == 3)
    assert tally.unrecorded == {SHADOW: 3}
    assert frames(gateway, ShadowFrame) == []


async def test_what_has_no_time_left_asks_no_store():
    features = SimpleNamespace(find=pytest.fail)
    packers = {SHADOW: SimpleNamespace(views=("a view",))}
    snapshot = SimpleNamespace(lanes={SHADOW: object()}, packers=packers, features=features)
    limits = ShadowLimits(1, 1, 0.2, 100, Tolerance())
    mirror = ShadowMirror(SimpleNamespace(), limits)
    copy = ShadowCopy("id", "fraud", (SHADOW,), monotonic() - 0.3, {}, {}, [{}])
    mirror.mirror(copy, [{}], snapshot)
    assert mirror.tally.dropped == {(SHADOW, "late"): 1}
    assert not mirror.busy


async def test_a_defect_costs_one_question_and_its_text_is_not_logged():
    def pack(rows):
        raise KeyError(rows[0]["email"])

    packers = {SHADOW: SimpleNamespace(views=(), pack=pack)}
    snapshot = SimpleNamespace(lanes={SHADOW: object()}, packers=packers, features=None)
    mirror = ShadowMirror(SimpleNamespace(), ShadowLimits(1, 1, 9.0, 100, Tolerance()))
    copy = ShadowCopy("id", "fraud", (SHADOW, "other"), monotonic(), {}, {}, [{}])
    with capture_logs([exception_without_values]) as logs:
        mirror.mirror(copy, [{"email": "anna@example.com"}], snapshot)
    assert mirror.tally.failed == {(SHADOW, "error"): 1}
    assert mirror.tally.dropped == {("other", "unavailable"): 1}
    assert not mirror.busy
    assert "KeyError" in str(logs)
    assert "anna" not in str(logs)
