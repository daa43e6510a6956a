"""Lanes in front of real version processes that are killed, stopped and that misbehave."""

import asyncio
import gc
import math
import signal
from weakref import ref

import pytest
import structlog

from gateway.errors import BadAnswer, LaneFull, LaneTimeout, LaneUnavailable
from gateway.lane_ejection import CONSECUTIVE
from tests.gateway.installation import STABLE
from tests.gateway.lanes import PATIENT_S, ask, until
from tests.gateway.version_process import QUOTED, UNLUCKY, UNLUCKY_ROW


async def ask_many(lane, count, within=PATIENT_S):
    """Ask in small groups, each answer checked against the graph's own formula."""

    async def one(number):
        await asyncio.sleep(number * 0.001)
        amount = float(number % 90)
        answer = await ask(lane, amount, within)
        expected = 1 / (1 + math.exp(1 - amount / 100))
        assert answer.outputs["fraud_probability"] == pytest.approx([expected], abs=1e-6)

    await asyncio.gather(*[one(number) for number in range(count)])


async def test_both_workers_of_a_version_get_their_part(make_lane, versions):
    lane = await make_lane(versions.start(), versions.start())
    # How they share sixty calls is also a matter of which of them the machine lets run.
    async with asyncio.timeout(PATIENT_S):
        while min(worker.ejection.calls for worker in lane.pool.workers.values()) <= 5:
            await ask_many(lane, 60)
    assert lane.failures == {}


async def test_one_of_two_workers_killed_with_batches_in_flight_fails_no_request(
    make_lane, versions
):
    doomed, left = versions.start(fault="slow"), versions.start()
    lane = await make_lane(doomed, left)

    async def kill():
        await until(lambda: lane.pool.workers[doomed].in_flight == 1)
        await asyncio.to_thread(versions.kill, doomed)

    await asyncio.gather(ask_many(lane, 200), kill())
    assert lane.failures == {}
    assert lane.retries.taken >= 1
    assert lane.retries.running == 0


async def test_a_hung_worker_is_left_out_and_comes_back_when_it_answers(make_lane, versions):
    hung, left = versions.start(), versions.start()
    lane = await make_lane(hung, left)
    versions.signal(hung, signal.SIGSTOP)
    await ask_many(lane, 200)
    assert lane.failures == {}
    assert lane.pool.ejections >= 1
    versions.signal(hung, signal.SIGCONT)
    worker = lane.pool.workers[hung]
    await until(lambda: worker.is_in_use and not worker.in_flight)
    before = worker.ejection.calls
    await ask_many(lane, 50)
    assert worker.ejection.calls > before


async def test_a_slow_worker_is_not_left_for_one_that_answers_garbage(make_lane, versions):
    slow = versions.start(fault="slow")
    lane = await make_lane(slow, versions.start(fault="error"))
    first = ask(lane)
    # By now the slow one has it, and was silent for longer than it is waited for.
    await asyncio.sleep(0.1)
    await asyncio.gather(first, ask(lane))
    assert lane.failures == {}
    assert lane.pool.workers[slow].is_in_use


@pytest.mark.parametrize("fault", ["half", "error", "wrong_dtype", "wrong_shape", "extra_rows"])
async def test_a_worker_that_answers_garbage_is_ejected_and_no_request_fails(
    make_lane, versions, fault
):
    bad = versions.start(fault=fault)
    lane = await make_lane(bad, versions.start())
    ejected = set()
    with structlog.testing.capture_logs() as logged:
        async with asyncio.timeout(60):
            while not ejected:
                await ask_many(lane, 50)
                told = [line for line in logged if line["event"] == "worker_ejected"]
                # Both may be silent for long on a busy machine: that is not what is meant here.
                ejected = {line["address"] for line in told if not line["hung"]}
    assert lane.failures == {}
    assert ejected == {bad}
    assert lane.retries.taken >= 3
    versions.kill(bad)


async def test_only_who_sent_it_is_told_what_a_worker_quotes_of_a_row(make_lane, versions):
    lane = await make_lane(versions.start(fault="quoting"))
    for _ in range(CONSECUTIVE):
        with pytest.raises(BadAnswer, match=f"status 500: .*{QUOTED}"):
            await ask(lane)
    together = await asyncio.gather(ask(lane), ask(lane), return_exceptions=True)
    assert [str(error) for error in together] == [f"{STABLE}: status 500"] * 2
    # A worker that refuses everything is not asked for halves.
    assert (lane.batches, lane.retries.halved) == (CONSECUTIVE + 1, 0)


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_row_on_which_a_version_fails_fails_who_sent_it_alone(make_lane, versions, workers):
    started = [versions.start(fault=UNLUCKY_ROW) for _ in range(workers)]
    lane = await make_lane(*started, max_batch_rows=16)
    amounts = [float(number) for number in range(int(UNLUCKY) - 9, int(UNLUCKY) + 7)]
    for _ in range(2 * CONSECUTIVE):
        answers = await asyncio.gather(*[ask(lane, a) for a in amounts], return_exceptions=True)
        failed = [a for a, got in zip(amounts, answers, strict=True) if isinstance(got, Exception)]
        assert failed == [UNLUCKY]
        assert f'status 500: {{"error": "cannot compute {UNLUCKY}' in str(answers[9])
    assert lane.failures == {"bad_answer": 2 * CONSECUTIVE}
    # One of sixteen is found by halving four times.
    assert lane.retries.halved == 2 * CONSECUTIVE * 4
    assert lane.retries.running == 0
    assert lane.pool.ejections == 0


async def test_who_waits_no_more_is_not_asked_for_in_halves(make_lane, versions):
    lane = await make_lane(versions.start(fault=UNLUCKY_ROW), max_batch_rows=16)
    waiting = [ask(lane, amount) for amount in (UNLUCKY, 1.0, 2.0, 3.0)]
    await until(lambda: lane.retries.halved)
    for each in waiting[2:]:
        each.cancel()
    with pytest.raises(BadAnswer):
        await waiting[0]
    assert (await waiting[1]).batch_rows == 1
    await until(lambda: not lane._again.waiting and not lane._flight)
    assert lane.retries.running == 0


async def test_the_last_worker_in_use_is_never_ejected(make_lane, versions):
    lane = await make_lane(versions.start(fault="error"), versions.start(fault="error"))
    for _ in range(20):
        with pytest.raises(BadAnswer):
            await ask(lane)
        assert any(worker.is_in_use for worker in lane.pool.workers.values())
    assert lane.reachable


async def test_a_call_two_workers_were_asked_for_is_let_go_of(make_lane, versions):
    lane = await make_lane(versions.start(fault="slow"), versions.start(fault="slow"))
    gc.disable()
    try:
        asked = [ask(lane), ask(lane, within=0.2)]
        kept = [ref(future) for future in asked]
        await asyncio.gather(*asked, return_exceptions=True)
        await until(lambda: not lane._flight and not lane._again.waiting)
        asked.clear()
        await until(lambda: [future() for future in kept] == [None, None])
    finally:
        gc.enable()


async def test_when_the_worker_in_use_dies_an_ejected_one_is_used_again(make_lane, versions):
    hung, doomed = versions.start(), versions.start()
    lane = await make_lane(hung, doomed)
    versions.signal(hung, signal.SIGSTOP)
    async with asyncio.timeout(PATIENT_S):
        while not lane.pool.workers[hung].is_ejected:
            await ask_many(lane, 40)
    versions.signal(hung, signal.SIGCONT)
    await asyncio.to_thread(versions.kill, doomed)
    await until(lambda: lane.pool.workers[hung].is_in_use and lane.pool.idle)
    await ask_many(lane, 20)
    assert lane.failures == {}


async def test_an_idle_connection_the_server_closed_costs_no_request(make_lane, versions):
    lane = await make_lane(versions.start(keep_alive=2))
    await ask(lane)
    [worker] = lane.pool.workers.values()
    [first] = worker.connections
    await first.lost.wait()
    # Right then nothing is connected: the request waits for the new connection.
    assert not lane.reachable
    await ask(lane)
    assert lane.failures == {}


async def test_a_single_worker_that_dies_fails_at_once_and_says_why(make_lane, versions):
    only = versions.start()
    lane = await make_lane(only)
    await asyncio.to_thread(versions.kill, only)
    await until(lambda: lane.pool.is_down)
    with pytest.raises(LaneUnavailable, match="no worker can be reached"):
        await ask(lane)


async def test_a_worker_that_takes_no_more_is_pressure_not_failure(make_lane, versions):
    lane = await make_lane(versions.start(fault="busy"))
    with pytest.raises(LaneFull, match="Too many requests"):
        await ask(lane)
    assert lane.pool.workers[next(iter(lane.pool.workers))].ejection.failed == 0


async def test_work_past_its_deadline_is_never_sent(make_lane, versions):
    slow = versions.start(fault="slow")
    lane = await make_lane(slow, max_batch_rows=1)
    first = ask(lane)
    late = [ask(lane, within=0.05) for _ in range(5)]
    for answer in await asyncio.gather(*late, return_exceptions=True):
        assert isinstance(answer, LaneTimeout)
    await first
    assert lane.batches == 1


async def test_a_full_lane_sheds_and_gives_back_what_it_took_of_the_bound(
    make_lane, versions, pressure
):
    slow = versions.start(fault="slow")
    lane = await make_lane(slow, max_waiting_rows=4, max_batch_rows=1)
    sent = ask(lane)
    await until(lambda: lane.pool.workers[slow].in_flight == 1)
    waiting = [ask(lane) for _ in range(4)]
    with pytest.raises(LaneFull, match="4 rows wait"):
        ask(lane)
    assert pressure.rows == 4
    lane.close()
    for answer in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(answer, LaneUnavailable)
    assert pressure.rows == 0
    await sent  # what is in flight is still answered


async def test_a_slow_worker_still_answers_when_the_second_one_asked_answers_garbage(
    make_lane, versions
):
    slow, bad = versions.start(fault="slow"), versions.start(fault="wrong_dtype")
    lane = await make_lane(slow, bad)
    [connection] = [c for c in lane.pool.idle if c.worker.address.text == slow]
    lane.pool.idle.sort(key=lambda c: c is not connection)
    answer = await ask(lane)
    assert answer.batch_rows == 1
    assert lane.retries.taken == 1
    assert lane.pool.workers[bad].ejection.failed == 1
