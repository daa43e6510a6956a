"""Shadows in front of real version processes: whatever they do, answers stay and all is counted."""

import asyncio
import os
import signal
import uuid

import pytest

from bentos.contract.documents import DocumentName
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.segment import ShadowFrame
from gateway.decision_id import RANDOM_BYTES, new_decision_id
from gateway.shadow import ShadowMirror, is_sampled
from tests.gateway.installation import SHADOW, STABLE, WIDE, frames, route, schemas_body
from tests.gateway.lanes import until

OTHER_SHADOW = "fraud:20260102-bbbbbbbb"


@pytest.fixture(scope="module")
def stable(versions):
    return versions.start()


def limit(gateway, **limits):
    """Another mirror with other limits, before any request."""
    serving = gateway.serving
    known = serving.shadow._limits
    values = {name: getattr(known, name) for name in known.__slots__}
    changed = type(known)(**{**values, **limits})
    serving.shadow = ShadowMirror(serving.log, changed, serving.overload)
    return serving.shadow.tally


async def ask_many(gateway, count=20, **more):
    answers = await asyncio.gather(*[gateway.predict(f"s{n}", **more) for n in range(count)])
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["model_version"] for answer in answers} == {STABLE}
    assert {answer.json()["reason"] for answer in answers} == {"STATIC"}
    return {answer.json()["decision_id"] for answer in answers}


async def test_shadows_are_compared_output_by_output_after_the_answer(gateway, stable, versions):
    gateway.publish_all({STABLE: stable, SHADOW: versions.start()}, route(shadow=(SHADOW,)))
    await gateway.connected()
    ids = await ask_many(gateway)
    tally = gateway.serving.shadow.tally
    await until(lambda: tally.totals()["compared"] == 20)
    found = frames(gateway, ShadowFrame)
    assert {frame.outcome.decision_id for frame in found} == ids
    for frame in found:
        assert (frame.outcome.version, frame.outcome.status) == (SHADOW, "ok")
        assert frame.outcome.agrees
        measures = {"fraud_probability": 0.0, "fraud_probability.relative": 0.0}
        assert frame.outcome.comparison == measures


async def test_while_calls_are_refused_no_shadow_is_sent(gateway, stable, versions):
    gateway.publish_all({STABLE: stable, SHADOW: versions.start()}, route(shadow=(SHADOW,)))
    await gateway.connected()
    gateway.serving.overload.stands = True
    await ask_many(gateway, 3)
    tally = gateway.serving.shadow.tally
    assert tally.dropped[SHADOW, "overload"] == 3
    assert gateway.serving.snapshot.lanes[SHADOW].batches == 0


async def test_a_shadow_that_thinks_otherwise_is_told_apart(gateway, stable, versions):
    other = versions.start(bias=1.0)
    gateway.publish_all({STABLE: stable, SHADOW: other}, route(shadow=(SHADOW,)))
    await gateway.connected()
    await ask_many(gateway, 5)
    tally = gateway.serving.shadow.tally
    await until(lambda: tally.totals()["compared"] == 5)
    assert tally.totals()["agreed"] == 0
    assert tally.outputs[SHADOW, "fraud_probability", False] == 5
    assert tally.distances[SHADOW, "fraud_probability"] > 1.0


@pytest.mark.parametrize("fault", ["slow", "hung", "error", "half", "wrong_dtype", "nan"])
async def test_whatever_a_shadow_does_answers_stay_and_it_is_recorded(
    gateway, stable, versions, fault
):
    bad = versions.start(fault=fault)
    gateway.publish_all({STABLE: stable, SHADOW: bad}, route(shadow=(SHADOW,)))
    await gateway.connected()
    tally = limit(gateway, deadline_s=0.2)
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
    ids = await ask_many(gateway, 3, instances=[{"amount": 10.0, "note": "a text"}])
    found = frames(gateway, ShadowFrame)
    assert {frame.outcome.decision_id for frame in found} == ids
    assert {frame.outcome.status for frame in found} == {"unpackable"}


async def test_a_killed_shadow_costs_no_answer(gateway, stable, versions):
    doomed = versions.start()
    gateway.publish_all({STABLE: stable, SHADOW: doomed}, route(shadow=(SHADOW,)))
    await gateway.connected()
    killed = asyncio.to_thread(versions.kill, doomed)
    await asyncio.gather(ask_many(gateway, 50), killed)
    await ask_many(gateway, 20)
    tally = gateway.serving.shadow.tally
    await until(lambda: sum(tally.totals()[k] for k in ("compared", "failed")) == 70)


async def test_a_hung_shadow_fills_its_own_queue_and_no_other_s(gateway, stable, versions):
    hung, good = versions.start(), versions.start(schema=WIDE)
    addresses = {STABLE: stable, SHADOW: hung, OTHER_SHADOW: good}
    gateway.publish_all(addresses, route(shadow=(SHADOW, OTHER_SHADOW)))
    await gateway.connected()
    versions.signal(hung, signal.SIGSTOP)
    tally = limit(gateway, queue=3, concurrency=2, deadline_s=60.0)
    for number in range(1, 21):
        await ask_many(gateway, 1)
        await until(lambda number=number: tally.compared[OTHER_SHADOW] == number)
    assert tally.dropped == {(SHADOW, "queue"): 15}
    versions.signal(hung, signal.SIGCONT)


async def test_a_request_too_large_to_mirror_is_recorded_as_such(gateway, stable, versions):
    gateway.publish_all({STABLE: stable, SHADOW: versions.start()}, route(shadow=(SHADOW,)))
    await gateway.connected()
    tally = limit(gateway, max_rows=2)
    await ask_many(gateway, 1, instances=[{"amount": 1.0}] * 3)
    tally = limit(gateway, max_bytes=7)
    await ask_many(gateway, 1, instances=[{"amount": 1.0}] * 2)
    assert tally.dropped == {(SHADOW, "size"): 1}
    found = frames(gateway, ShadowFrame)
    assert [frame.outcome.status for frame in found] == ["skipped_size", "skipped_size"]
    assert [frame.outcome.agrees for frame in found] == [None, None]


async def test_a_decision_outside_the_sample_is_counted_and_not_sent(gateway, stable, versions):
    gateway.publish_all({STABLE: stable, SHADOW: versions.start()}, route(shadow=(SHADOW,)))
    await gateway.connected()
    tally = limit(gateway, sample=0.0)
    await ask_many(gateway, 5)
    assert tally.dropped == {(SHADOW, "sampled_out"): 5}
    assert gateway.serving.snapshot.lanes[SHADOW].batches == 0


def test_the_sample_is_a_share_of_the_ids_and_a_larger_one_contains_a_smaller():
    ids = [new_decision_id(os.urandom(RANDOM_BYTES)) for _ in range(4000)]
    tenth = {id_ for id_ in ids if is_sampled(id_, 0.1)}
    half = {id_ for id_ in ids if is_sampled(id_, 0.5)}
    assert 250 < len(tenth) < 550
    assert tenth < half
    assert is_sampled(str(uuid.UUID(int=2**128 - 1)), 1.0)
    assert not is_sampled(str(uuid.UUID(int=0)), 0.0)
