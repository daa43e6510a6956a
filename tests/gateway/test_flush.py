"""Waiting for the disk: all hear the same, before and after, and who leaves takes nobody along."""

import asyncio

import pytest

from bentos.contract.segment import DecisionFrame
from gateway.flush import Flush
from tests.gateway.installation import STABLE, frames, route


@pytest.mark.parametrize("durable", [True, False])
async def test_all_who_wait_and_whoever_comes_later_hear_the_same(durable):
    flush = Flush(asyncio.get_running_loop())
    waiting = [asyncio.create_task(flush.durable()) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    flush.settle(durable=durable)
    assert await asyncio.gather(*waiting, flush.durable()) == [durable] * 4


async def test_one_that_is_cancelled_leaves_the_others_waiting():
    flush = Flush(asyncio.get_running_loop())
    gone, stays = [asyncio.create_task(flush.durable()) for _ in range(2)]
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    flush.settle(durable=True)
    assert await stays


def broken(*_):
    raise OSError(5, "Input/output error")


@pytest.mark.parametrize("gateway", [{"log_sync": "strict"}], indirect=True)
async def test_a_reply_made_while_the_disk_works_says_what_became_of_its_decision(
    gateway, versions, monkeypatch
):
    gateway.publish_all({STABLE: versions.start()}, route())
    await gateway.connected()
    kept = await gateway.predict()
    decision_id = kept.json()["decision_id"]
    assert kept.json()["logged"] is True
    assert kept.headers["x-signalbox-decision-id"] == decision_id

    monkeypatch.setattr("gateway.group_commit.os.fdatasync", broken)
    lost = await gateway.predict()
    monkeypatch.undo()
    assert lost.status_code == 200
    assert (lost.json()["decision_id"], lost.json()["logged"]) == (None, False)
    assert "x-signalbox-decision-id" not in lost.headers
    assert frames(gateway, DecisionFrame)[0].decision.decision_id == decision_id


REFUSES = {"log_sync": "strict", "log_full_policy": "refuse"}


@pytest.mark.parametrize("gateway", [REFUSES], indirect=True)
async def test_what_is_refused_because_the_disk_failed_is_counted_as_refused_alone(
    gateway, versions, monkeypatch
):
    gateway.publish_all({STABLE: versions.start()}, route())
    await gateway.connected()
    monkeypatch.setattr("gateway.group_commit.os.fdatasync", broken)
    assert (await gateway.predict()).status_code == 503
    monkeypatch.undo()
    counted = (await gateway.client.get("/metrics")).text.splitlines()
    assert not [line for line in counted if "request_seconds_count" in line and 'status="' in line]
    [refused] = [line for line in counted if "refused_total{" in line and 'status="503"' in line]
    assert refused.endswith(" 1.0")
