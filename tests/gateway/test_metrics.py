"""Any worker's /metrics is the whole gateway's, and no counter ever goes back."""

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.metrics import Metrics
from gateway.sample import Over, Sample
from gateway.shared_values import SharedValues
from gateway.worker_slot import WorkerSlot
from tests.gateway.gateway_process import (
    BODY,
    HEADERS,
    PREDICT,
    GatewayProcess,
    eventually,
    publish_on_disk,
)
from tests.gateway.installation import CANARY, STABLE, WIDE, route


def parsed(text: str) -> dict[tuple, float]:
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(values: dict[tuple, float], name: str, **labels: str) -> float:
    """Sum of all series of a name that carry these labels."""
    return sum(
        value
        for (found, *pairs), value in values.items()
        if found == name and labels.items() <= dict(pairs).items()
    )


def counters(values: dict[tuple, float]) -> dict[tuple, float]:
    endings = ("_total", "_count", "_sum", "_bucket")
    return {key: value for key, value in values.items() if key[0].endswith(endings)}


class Part:
    """A part of the gateway that counts."""

    def __init__(self) -> None:
        self.counts: dict[str, float] = {}
        self.waiting: float | None = None

    def metrics(self):
        for kind, count in self.counts.items():
            yield "part_total", "Counted.", {"kind": kind}, count
        if self.waiting is not None:
            yield Sample("part_waiting", "Waiting.", {}, self.waiting, Over.SUM)


@pytest.fixture
def worker(tmp_path):
    slot = WorkerSlot.take(tmp_path, 4)
    part = Part()
    yield Metrics(SharedValues(slot), tmp_path, part.metrics), part
    slot.release()


def test_a_part_made_anew_counts_on(worker):
    metrics, part = worker
    part.counts = {"a": 5}
    metrics.publish()
    part.counts = {"a": 2}  # a lane that was closed and opened again
    metrics.publish()
    part.counts = {}
    metrics.publish()
    part.counts = {"a": 9}
    values = parsed(metrics.expose().decode())
    assert total(values, "part_total", kind="a") == 16


def test_a_gauge_that_is_gone_is_not_shown(worker):
    metrics, part = worker
    part.waiting = 3
    assert parsed(metrics.expose().decode())["part_waiting",] == 3
    part.waiting = None
    assert ("part_waiting",) not in parsed(metrics.expose().decode())


def test_requests_are_counted_by_label_set_and_refusals_by_status(worker):
    metrics, _ = worker
    labels = ("fraud", STABLE, "stable", "STATIC", "200")
    for seconds in (0.0004, 0.3):
        metrics.observe(labels, seconds, None)
    metrics.refuse("predict", 400)
    values = parsed(metrics.expose().decode())
    name = "signalbox_gateway_request_seconds"
    assert total(values, f"{name}_count", version=STABLE) == 2
    assert total(values, f"{name}_bucket", version=STABLE, le="0.5") == 2
    assert total(values, f"{name}_bucket", version=STABLE, le="0.2") == 1
    assert total(values, f"{name}_sum", version=STABLE) == pytest.approx(0.3004)
    assert total(values, "signalbox_gateway_refused_total", status="400") == 1


@pytest.mark.acceptance
@pytest.mark.slow
def test_three_workers_under_load_add_up_to_what_the_client_counted(tmp_path, versions):
    endpoints = {STABLE: versions.start(), CANARY: versions.start(WIDE)}
    publish_on_disk(tmp_path, endpoints, routes=route(buckets=5000))
    seen = {STABLE: 0, CANARY: 0}
    with GatewayProcess(tmp_path, SIGNALBOX_GATEWAY_WORKERS="3") as gateway:
        gateway.wait_ready()
        eventually(lambda: scrape(gateway)["signalbox_gateway_workers",] == 3, "not three")
        earlier: dict[tuple, float] = {}
        for turn in range(120):
            body = {**BODY, "targeting_key": f"shopper-{turn}"}
            answer = httpx.post(gateway.url + PREDICT, json=body, headers=HEADERS)
            seen[answer.json()["model_version"]] += 1
            assert httpx.post(gateway.url + PREDICT, json={}, headers=HEADERS).status_code == 400
            if turn == 60:
                gateway.workers()[0].kill()
            if turn % 20 == 0:
                earlier = never_back(earlier, scrape(gateway))
        values = never_back(earlier, scrape(gateway))
        assert min(seen.values()) > 20
        for version, count in seen.items():
            name = "signalbox_gateway_request_seconds_count"
            assert total(values, name, version=version) == count
            assert total(values, "signalbox_gateway_batch_rows_count", version=version) == count
        assert total(values, "signalbox_gateway_refused_total", path="predict") == 120
        eventually(
            lambda: scrape(gateway)["signalbox_gateway_worker_starts_total",] == 4,
            "the killed worker was not replaced",
        )
        status = httpx.get(f"{gateway.url}/status").json()
        assert status["workers"] == 3
        never_back(values, scrape(gateway))
        assert gateway.end() == 0


def scrape(gateway: GatewayProcess) -> dict[tuple, float]:
    return parsed(httpx.get(f"{gateway.url}/metrics").text)


def never_back(before: dict[tuple, float], now: dict[tuple, float]) -> dict[tuple, float]:
    gone_back = {key for key, value in counters(before).items() if now.get(key, 0.0) < value}
    assert not gone_back
    return now
