"""The gateway as processes: starts from disk alone, says what is wrong, loses no decision."""

import socket
import threading
import time

import httpx
import pytest

from bentos.contract.segment import DecisionFrame, read_frames
from tests.gateway.gateway_process import (
    BODY,
    HEADERS,
    PREDICT,
    GatewayProcess,
    decision_ids,
    eventually,
    publish_on_disk,
)
from tests.gateway.installation import OTHER_SECRET, STABLE

pytestmark = pytest.mark.acceptance


@pytest.fixture
def home(tmp_path, versions):
    publish_on_disk(tmp_path, {STABLE: versions.start()})
    return tmp_path


@pytest.mark.parametrize("workers", ["1", "2"])
def test_serves_from_disk_with_no_control_plane_and_loses_no_decision(home, workers):
    with GatewayProcess(home, SIGNALBOX_GATEWAY_WORKERS=workers).wait_ready() as gateway:
        ids = {ask(gateway) for _ in range(40)}
        assert gateway.end() == 0
    assert set(decision_ids(home)) == ids
    assert not list((home / "gateway" / "segments").glob("*.open"))


def test_a_killed_worker_has_every_acknowledged_decision_on_disk(home):
    with GatewayProcess(home).wait_ready() as gateway:
        ids = {ask(gateway) for _ in range(20)}
        gateway.workers()[0].kill()
        assert set(decision_ids(home)) == ids


@pytest.mark.parametrize("sync", ["default", "strict"])
@pytest.mark.slow
def test_kill_9_under_load_loses_no_acknowledged_decision(home, sync):
    settings = {"SIGNALBOX_LOG_SYNC": sync, "SIGNALBOX_SEGMENT_MAX_BYTES": "20000"}
    acknowledged, enough = [], threading.Event()

    def call():
        with httpx.Client(headers=HEADERS) as client:
            while not enough.is_set():
                try:
                    answer = client.post(gateway.url + PREDICT, json=BODY)
                except httpx.TransportError:
                    continue
                if answer.status_code == 200:
                    acknowledged.append(answer.json()["decision_id"])

    with GatewayProcess(home, **settings).wait_ready() as gateway:
        callers = [threading.Thread(target=call) for _ in range(4)]
        for caller in callers:
            caller.start()
        try:
            for kills in (1, 2, 3):
                goal = len(acknowledged) + 200
                eventually(lambda: len(acknowledged) > goal, "no answers came")  # noqa: B023
                if kills < 3:
                    gateway.workers()[0].kill()
                    gateway.wait_for("worker_died", times=kills)
        finally:
            enough.set()
            for caller in callers:
                caller.join()
        assert gateway.end() == 0
    assert len(list((home / "gateway" / "segments").glob("*.segment"))) > 4
    assert None not in acknowledged
    assert set(acknowledged) <= set(decision_ids(home))


def ask(gateway):
    answer = httpx.post(gateway.url + PREDICT, json=BODY, headers=HEADERS, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()["decision_id"]


@pytest.mark.parametrize(
    ("settings", "fragment"),
    [
        ({"SIGNALBOX_GATEWAY_PORT": "high"}, "SIGNALBOX_GATEWAY_PORT"),
        ({"SIGNALBOX_MAX_ROWS": "0"}, "SIGNALBOX_MAX_ROWS"),
        ({"SIGNALBOX_SHOP": "a b"}, "SIGNALBOX_SHOP"),
        ({"SIGNALBOX_LOG_FULL_POLICY": "maybe"}, "SIGNALBOX_LOG_FULL_POLICY"),
        ({"SIGNALBOX_LOG_SYNC": "often"}, "SIGNALBOX_LOG_SYNC"),
    ],
)
def test_bad_settings_are_named_and_nothing_starts(home, settings, fragment):
    done = GatewayProcess.run_to_end(home, **settings)
    assert done.returncode == 2
    assert fragment in done.stderr
    assert not (home / "gateway" / "segments").exists()


def test_missing_keys_say_what_to_do(tmp_path):
    gateway = GatewayProcess(tmp_path)
    assert gateway.process.wait(60) == 1
    assert "signalbox init" in gateway.log.read_text()


def test_a_port_that_is_taken_is_named(home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = GatewayProcess.run_to_end(home, SIGNALBOX_GATEWAY_PORT=port)
    assert done.returncode == 1
    assert f"127.0.0.1:{port}: Address already in use" in done.stderr


def test_a_rate_holds_over_all_workers_together(home):
    with GatewayProcess(home, SIGNALBOX_GATEWAY_WORKERS="3").wait_ready() as gateway:
        headers = {"authorization": f"Bearer sbx_eeeeeeeeeeee_{OTHER_SECRET}"}  # 2 a second
        started = time.monotonic()
        statuses = [
            httpx.post(gateway.url + PREDICT, json=BODY, headers=headers, timeout=60).status_code
            for _ in range(60)
        ]
        seconds = time.monotonic() - started
        assert set(statuses) == {200, 429}
        assert statuses.count(200) <= 2 + 2 * seconds + 2
        assert gateway.end() == 0


def test_a_second_gateway_of_the_same_home_and_name_does_not_start(home):
    with GatewayProcess(home).wait_ready() as gateway:
        second = GatewayProcess.run_to_end(home)
        assert second.returncode == 1
        assert "SIGNALBOX_GATEWAY_ID" in second.stderr
        assert ask(gateway)
        assert gateway.end() == 0


def test_decisions_know_the_microseconds_of_a_request(home):
    with GatewayProcess(home).wait_ready() as gateway:
        for _ in range(20):
            ask(gateway)
        assert gateway.end() == 0
    latencies = [
        frame.decision.latency_us
        for path in (home / "gateway" / "segments").glob("*.segment")
        for frame in read_frames(path)
        if isinstance(frame, DecisionFrame)
    ]
    assert len(latencies) == 20
    assert all(0 < each.lane < each.total for each in latencies)
    assert len({each.total for each in latencies}) > 10
