"""Workers die, are replaced and leave; what was accepted is answered."""

import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Self

import httpx
import psutil
import pytest

from tests.gateway.gateway_process import (
    BODY,
    HEADERS,
    PREDICT,
    GatewayProcess,
    decision_ids,
    eventually,
    publish_on_disk,
)
from tests.gateway.installation import STABLE

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def stable(versions):
    return versions.start()


@pytest.fixture
def home(tmp_path, stable):
    publish_on_disk(tmp_path, {STABLE: stable})
    return tmp_path


class Shoppers:
    """Keep-alive clients that never stop asking; a failure is any answer but 200."""

    def __init__(self, url: str, clients: int) -> None:
        self.answered: list[str] = []
        self.failures: list[str] = []
        self._url = url
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._shop) for _ in range(clients)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _shop(self) -> None:
        with httpx.Client(base_url=self._url, headers=HEADERS, timeout=60) as client:
            while not self._stop.is_set():
                try:
                    answer = client.post(PREDICT, json=BODY)
                except httpx.TransportError as error:
                    self.failures.append(repr(error))
                    continue
                if answer.status_code == 200:
                    self.answered.append(answer.json()["decision_id"])
                else:
                    self.failures.append(answer.text)
                self._stop.wait(0.01)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_rolling_restart_fails_no_request_and_loses_no_decision(home, workers):
    with GatewayProcess(home, SIGNALBOX_GATEWAY_WORKERS=str(workers)).wait_ready() as gateway:
        before = {worker.pid for worker in gateway.workers()}
        with Shoppers(gateway.url, clients=4) as shoppers:
            gateway.process.send_signal(signal.SIGHUP)
            gateway.wait_for("rolling_restart_done")
            served = len(shoppers.answered)
            eventually(lambda: len(shoppers.answered) > served + 20, "nobody was served after")
        after = {worker.pid for worker in gateway.workers()}
        assert shoppers.failures == []
        assert len(after) == workers
        assert not before & after
        assert gateway.end() == 0
    assert sorted(decision_ids(home)) == sorted(shoppers.answered)


def test_a_replacement_that_does_not_come_up_leaves_the_old_worker_serving(home):
    with GatewayProcess(home).wait_ready() as gateway:
        before = [worker.pid for worker in gateway.workers()]
        key = home / "keys" / "pseudonym.key"
        key.rename(key.with_suffix(".away"))
        gateway.process.send_signal(signal.SIGHUP)
        gateway.wait_for("rolling_restart_failed")
        assert ask(gateway).status_code == 200
        assert [worker.pid for worker in gateway.workers()] == before
        assert gateway.end() == 0


def test_a_killed_worker_is_replaced_and_the_port_stays_open(home):
    with GatewayProcess(home).wait_ready() as gateway:
        [worker] = gateway.workers()
        worker.kill()
        # The socket is the parent's: who connects meanwhile waits for the next worker.
        assert ask(gateway).status_code == 200
        [replacement] = gateway.workers()
        assert replacement.pid != worker.pid
        assert gateway.end() == 0


def test_leaving_finishes_what_was_accepted_and_closes_the_connection(home, versions):
    address = versions.start()
    publish_again(home, address)
    settings = {"SIGNALBOX_GATEWAY_DRAIN_DELAY_S": "0.2"}
    with (
        GatewayProcess(home, **settings).wait_ready() as gateway,
        httpx.Client(base_url=gateway.url, headers=HEADERS, timeout=60) as client,
        socket.create_connection(("127.0.0.1", int(gateway.url.rpartition(":")[2]))) as silent,
        ThreadPoolExecutor(1) as pool,
    ):
        place = silent.getpeername()
        versions.signal(address, signal.SIGSTOP)
        headers = {"x-request-timeout-ms": "20000"}
        asked = pool.submit(client.post, PREDICT, json=BODY, headers=headers)
        eventually(lambda: waits_in_lane(gateway.url), "the request never reached its lane")
        gateway.process.send_signal(signal.SIGTERM)
        silent.settimeout(60)
        assert silent.recv(1) == b""  # so it closes what is silent, and waits for the request
        with pytest.raises(ConnectionRefusedError):  # nobody waits for what nobody will accept
            socket.create_connection(place, timeout=20)
        versions.signal(address, signal.SIGCONT)
        assert asked.result().status_code == 200
        assert asked.result().headers["connection"] == "close"
        assert gateway.process.wait(60) == 0


def test_who_connects_is_refused_only_once_no_worker_accepts_any_more(home):
    patient = {"SIGNALBOX_GATEWAY_DRAIN_TIMEOUT_S": "60"}
    with GatewayProcess(home, **patient).wait_ready() as gateway:
        [worker] = gateway.workers()
        place = ("127.0.0.1", int(gateway.url.rpartition(":")[2]))
        worker.suspend()
        gateway.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        socket.create_connection(place, timeout=60).close()  # the worker may still take it
        worker.resume()
        assert gateway.process.wait(60) == 0


def test_requests_that_outlast_the_drain_are_cut_off_and_the_exit_code_says_so(home, versions):
    publish_again(home, versions.start(fault="hung"))
    settings = {"SIGNALBOX_GATEWAY_DRAIN_TIMEOUT_S": "0.3"}
    with (
        GatewayProcess(home, **settings).wait_ready() as gateway,
        ThreadPoolExecutor(1) as pool,
    ):
        headers = {**HEADERS, "x-request-timeout-ms": "60000"}
        asked = pool.submit(httpx.post, gateway.url + PREDICT, json=BODY, headers=headers)
        eventually(lambda: waits_in_lane(gateway.url), "the request never reached its lane")
        assert gateway.end() == 3
        assert asked.exception() is not None or asked.result().status_code >= 500


@pytest.mark.slow
def test_workers_leave_when_their_parent_is_killed_and_the_port_is_free_again(home):
    with GatewayProcess(home, SIGNALBOX_GATEWAY_WORKERS="2").wait_ready() as gateway:
        workers = gateway.workers()
        answered = ask(gateway).json()
        gateway.process.kill()
        gateway.process.wait()
        _, alive = psutil.wait_procs(workers, timeout=60)
        assert alive == []
    port = gateway.url.rpartition(":")[2]
    with GatewayProcess(home, SIGNALBOX_GATEWAY_PORT=port).wait_ready() as gateway:
        assert gateway.end() == 0
    assert answered["decision_id"] in decision_ids(home)
    assert not list((home / "gateway" / "segments").glob("*.open"))


@pytest.mark.slow
def test_a_worker_that_keeps_dying_is_started_again_with_pauses_in_between(home):
    with GatewayProcess(home).wait_ready() as gateway:
        (home / "keys" / "pseudonym.key").rename(home / "keys" / "away")
        gateway.workers()[0].kill()
        gateway.wait_for("worker_does_not_serve", times=2)
        assert gateway.process.poll() is None
        (home / "keys" / "away").rename(home / "keys" / "pseudonym.key")
        gateway.wait_ready()
        assert gateway.end() == 0


def test_readiness_goes_down_before_anything_else_does_and_a_second_signal_ends_it_at_once(home):
    settings = {"SIGNALBOX_GATEWAY_DRAIN_DELAY_S": "240"}
    with GatewayProcess(home, **settings).wait_ready() as gateway:
        gateway.process.send_signal(signal.SIGTERM)
        ready = eventually(lambda: not_ready(gateway.url), "it never said that it drains")
        assert "draining" in ready.json()["error"]
        assert ask(gateway).status_code == 200
        os.kill(gateway.process.pid, signal.SIGTERM)
        assert gateway.process.wait(60) == 3


def ask(gateway) -> httpx.Response:
    return httpx.post(gateway.url + PREDICT, json=BODY, headers=HEADERS, timeout=60)


def publish_again(home, address: str) -> None:
    """The same documents, another address of the stable version."""
    for name in ("gateway", "keys"):
        (home / name).rename(home / f"{name}.old")
    publish_on_disk(home, {STABLE: address})


def not_ready(url: str) -> httpx.Response | None:
    answer = httpx.get(f"{url}/v2/health/ready", timeout=60)
    return answer if answer.status_code == 503 else None


def waits_in_lane(url: str) -> bool:
    return httpx.get(f"{url}/status", timeout=60).json()["lanes"][STABLE]["batches"] > 0
