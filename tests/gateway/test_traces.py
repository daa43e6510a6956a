"""Spans reach a collector, carry the caller's trace, and hold no personal data."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.gateway.gateway_process import HEADERS, PREDICT, GatewayProcess, publish_on_disk
from tests.gateway.installation import STABLE

pytestmark = pytest.mark.acceptance
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CANARY_KEY = "canary-shopper-4711"


class Collector:
    """A real OTLP/HTTP receiver, in its smallest form."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                bodies.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever).start()

    def spans(self):
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    yield from scope.spans


@pytest.fixture
def collector():
    running = Collector()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture
def home(tmp_path, versions):
    publish_on_disk(tmp_path, {STABLE: versions.start()})
    return tmp_path


def ask(gateway, traceparent=None):
    body = {"targeting_key": CANARY_KEY, "instances": [{"amount": 123456.5, "note": "secretnote"}]}
    headers = HEADERS | ({"traceparent": traceparent} if traceparent else {})
    answer = httpx.post(gateway.url + PREDICT, json=body, headers=headers, timeout=60)
    assert answer.status_code == 200
    return answer.json()["decision_id"]


def test_a_sampled_request_is_a_span_in_the_callers_trace_with_its_parts(home, collector):
    settings = {"SIGNALBOX_OTLP_ENDPOINT": collector.url, "SIGNALBOX_TRACE_SHARE": "0"}
    with GatewayProcess(home, **settings).wait_ready() as gateway:
        decision = ask(gateway, f"00-{TRACE}-{SPAN}-01")
        ask(gateway, f"00-{TRACE}-{SPAN}-00")
        ask(gateway, "nonsense")
        ask(gateway)
        assert gateway.end() == 0
    spans = list(collector.spans())
    [whole] = [span for span in spans if span.parent_span_id.hex() == SPAN]
    parts = [span for span in spans if span.parent_span_id == whole.span_id]
    assert len(spans) == 4
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    assert [span.name for span in parts] == ["decode, route and pack", "queue", "lane"]
    for span in parts:
        assert whole.start_time_unix_nano <= span.start_time_unix_nano
        assert span.start_time_unix_nano <= span.end_time_unix_nano
    found = {each.key: each.value.string_value for each in whole.attributes}
    assert found["signalbox.decision_id"] == decision
    assert found["signalbox.version"] == STABLE


def test_spans_and_logs_hold_nothing_of_the_request(home, collector):
    settings = {
        "SIGNALBOX_OTLP_ENDPOINT": collector.url,
        "SIGNALBOX_TRACE_SHARE": "1",
        "SIGNALBOX_SLOW_REQUEST_MS": "0.001",
    }
    with GatewayProcess(home, **settings).wait_ready() as gateway:
        decisions = [ask(gateway) for _ in range(5)]
        assert gateway.end() == 0
        log = gateway.log.read_text()
    sent = b"".join(collector.bodies)
    for decision in decisions:
        assert decision.encode() in sent
        assert decision in log
    for canary in (CANARY_KEY, "secretnote", "123456"):
        assert canary.encode() not in sent
        assert canary not in log


def test_a_collector_that_is_away_costs_no_answer(home):
    settings = {"SIGNALBOX_OTLP_ENDPOINT": "http://127.0.0.1:9", "SIGNALBOX_TRACE_SHARE": "1"}
    with GatewayProcess(home, **settings).wait_ready() as gateway:
        assert all(ask(gateway) for _ in range(5))
        assert gateway.end() == 0
