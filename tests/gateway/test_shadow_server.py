"""The shadow process of a real gateway: there when it is needed, and nobody's burden."""

import os
import signal

import httpx
import pytest

from bentos.contract.segment import ShadowFrame, read_frames
from tests.gateway.gateway_process import (
    BODY,
    HEADERS,
    PREDICT,
    GatewayProcess,
    eventually,
    publish_on_disk,
)
from tests.gateway.installation import SHADOW, STABLE, route

pytestmark = pytest.mark.acceptance


@pytest.fixture
def home(tmp_path, versions):
    addresses = {STABLE: versions.start(), SHADOW: versions.start(bias=1.0)}
    publish_on_disk(tmp_path, addresses, route(shadow=(SHADOW,)))
    return tmp_path


# A busy machine has little left, and what it has is not this test's subject.
PATIENT = {"SIGNALBOX_SHADOW_DEADLINE_MS": "20000"}


def ask(gateway, times):
    with httpx.Client(base_url=gateway.url, headers=HEADERS, timeout=60) as client:
        answers = [client.post(PREDICT, json=BODY) for _ in range(times)]
    assert {answer.status_code for answer in answers} == {200}
    return {answer.json()["decision_id"] for answer in answers}


def status(gateway):
    return httpx.get(f"{gateway.url}/status", timeout=60).json()


def outcomes(home):
    return {
        frame.outcome.decision_id: frame.outcome
        for path in (home / "gateway" / "segments").iterdir()
        for frame in read_frames(path)
        if isinstance(frame, ShadowFrame)
    }


def test_it_starts_with_the_first_copy_and_takes_little_of_the_processor(home):
    with GatewayProcess(home, **PATIENT) as gateway:
        gateway.wait_ready()
        assert gateway.shadow_processes() == []
        ids = ask(gateway, 1)
        [shadow] = eventually(gateway.shadow_processes, "no shadow process")
        eventually(lambda: outcomes(home).keys() == ids, "no outcome")
        threads = [thread.id for thread in shadow.threads()]
        assert {os.getpriority(os.PRIO_PROCESS, each) for each in threads} == {19}
        [worker] = gateway.workers()
        assert worker.nice() == os.getpriority(os.PRIO_PROCESS, 0)
        eventually(
            lambda: status(gateway)["shadow"]["compared"] == 1,
            "what it counts is not seen by the worker",
        )
        assert status(gateway)["workers"] == 1
        assert gateway.end() == 0


def test_killed_it_costs_no_answer_and_comes_back(home):
    with GatewayProcess(home, **PATIENT) as gateway:
        gateway.wait_ready()
        ask(gateway, 1)
        [first] = eventually(gateway.shadow_processes, "no shadow process")
        eventually(lambda: outcomes(home), "no outcome")
        first.kill()
        ids = ask(gateway, 20)
        eventually(lambda: ids & outcomes(home).keys(), "it did not come back")
        [second] = gateway.shadow_processes()
        assert second.pid != first.pid


@pytest.mark.slow
def test_hung_it_holds_up_no_answer_and_no_end(home):
    with GatewayProcess(home, SIGNALBOX_SHADOW_DEADLINE_MS="500") as gateway:
        gateway.wait_ready()
        ask(gateway, 1)
        [shadow] = eventually(gateway.shadow_processes, "no shadow process")
        shadow.send_signal(signal.SIGSTOP)
        ask(gateway, 20)
        assert gateway.end() == 0
        gateway.wait_for("shadow_process_cut_off")
        assert not shadow.is_running()


def test_a_second_signal_ends_a_hung_one_at_once(home):
    with GatewayProcess(home, SIGNALBOX_SHADOW_DEADLINE_MS="240000") as gateway:
        gateway.wait_ready()
        ask(gateway, 1)
        [shadow] = eventually(gateway.shadow_processes, "no shadow process")
        eventually(lambda: outcomes(home), "no outcome")
        shadow.send_signal(signal.SIGSTOP)
        gateway.process.send_signal(signal.SIGTERM)
        eventually(lambda: not gateway.workers(), "its workers never left")
        gateway.process.send_signal(signal.SIGTERM)
        gateway.process.wait(60)
        assert not shadow.is_running()


def test_what_was_handed_over_is_asked_before_the_gateway_ends(home):
    with GatewayProcess(home, **PATIENT) as gateway:
        gateway.wait_ready()
        ids = ask(gateway, 1)
        # One that does not serve yet is given five seconds: it may need longer beside busy ones.
        eventually(lambda: outcomes(home), "no outcome")
        ids |= ask(gateway, 30)
        assert gateway.end() == 0
        found = outcomes(home)
        assert found.keys() == ids
        assert {each.status for each in found.values()} == {"ok"}
        assert {each.agrees for each in found.values()} == {False}
