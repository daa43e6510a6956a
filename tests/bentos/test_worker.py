"""Real workers around a real bento, started as the fleet starts them."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from load_tests.free_ports import free_port
from tests.bentos.tiny.store import bentoml_environment, build_tiny

CHECKOUT = Path(__file__).parents[2]
VERSION = "20260101-0000000a"
TAG = f"tiny:{VERSION}"
INFER = "/v2/models/tiny/infer"
BODY = json.dumps(
    {"inputs": [{"name": "features", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}
)

pytestmark = pytest.mark.acceptance


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("worker", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A BENTOML_HOME with the tiny bento; returns (home, digest)."""
    home, project = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("project")
    return home, build_tiny(project, VERSION, bentoml_environment(home))


def start(home, digest, *place, tag=TAG, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "bentos.worker", tag, "--digest", digest, *map(str, place)],
        cwd=CHECKOUT,
        env={**os.environ, "BENTOML_HOME": str(home)},
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def wait_for(path, worker):
    deadline = time.monotonic() + 60
    while not path.exists():
        if worker.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"the worker did not start: {end(worker)}")
        time.sleep(0.02)


def end(worker):
    """Stop it if it runs; returns what it wrote to stderr."""
    if worker.poll() is None:
        worker.terminate()
    return worker.communicate(timeout=60)[1]


def call(path, method, target, body=None):
    connection = UnixConnection(path)
    connection.request(method, target, body)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


@pytest.fixture(scope="module")
def running(store, tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "w.sock"
    worker = start(*store, "--uds", path)
    wait_for(path, worker)
    yield path
    end(worker)


def test_lane_and_bentoml_answer_alike(running):
    status, lane = call(running, "POST", INFER, BODY)
    assert status == 200
    assert json.loads(lane)["outputs"][0]["data"] == [6.0]
    status, own = call(running, "POST", "/predict", '{"instances": [{"a": 1, "b": 2, "c": 3}]}')
    assert (status, json.loads(own)) == (200, {"predictions": [6.0]})


def test_it_is_ready_as_soon_as_it_listens(running):
    for target in ("/v2/health/ready", "/v2/models/tiny/ready", "/livez", "/readyz"):
        assert call(running, "GET", target)[0] == 200
    assert json.loads(call(running, "GET", "/schema.json")[1])["name"] == "tiny"


def test_the_version_is_the_tags(running):
    described = json.loads(call(running, "GET", "/v2/models/tiny")[1])
    assert described["versions"] == [VERSION]


def test_the_bentos_own_code_runs(running):
    assert json.loads(call(running, "GET", "/v2")[1])["name"] == "tiny-bento"


def test_metrics_count_bentomls_requests(running):
    call(running, "POST", "/predict", '{"instances": [{"a": 1, "b": 2, "c": 3}]}')
    metrics = call(running, "GET", "/metrics")[1].decode()
    assert (
        f'endpoint="/predict",http_response_code="200",service_name="tiny",service_version="{VERSION}"'
        in metrics.replace('runner_name="tiny",', "")
    )


def test_a_second_worker_leaves_the_first_ones_socket_alone(store, running):
    second = start(*store, "--uds", running)
    assert "live listener" in end_of(second, 2)
    assert call(running, "GET", "/livez")[0] == 200


def end_of(worker, code):
    """Wait for it to end by itself; returns its stderr."""
    told = worker.communicate(timeout=60)[1]
    assert worker.returncode == code, told
    return told


@pytest.mark.parametrize(
    ("digest", "tag", "code", "told"),
    [
        ("0" * 64, TAG, 3, f"digest of {TAG}: expected 0000"),
        ("0" * 64, "tiny:20260101-9999999f", 2, "TAG: expected a bento"),
        ("0" * 64, "tiny:20260101", 2, "TAG: expected a bento's full tag"),
        ("short", TAG, 2, "--digest: expected 64 hex digits"),
    ],
)
def test_refuses_what_was_not_registered(store, tmp_path, digest, tag, code, told):
    worker = start(store[0], digest, "--uds", tmp_path / "w.sock", tag=tag)
    assert told in end_of(worker, code)
    assert list(tmp_path.iterdir()) == []


def test_refuses_changed_source(store, tmp_path):
    home, digest = store
    changed = tmp_path / "home"
    shutil.copytree(home, changed)
    service = changed / "bentos" / "tiny" / VERSION / "src" / "bentos" / "tiny" / "service.py"
    service.write_text(service.read_text().replace("default=1.0", "default=2.0"))
    worker = start(changed, digest, "--uds", tmp_path / "w.sock")
    assert "The stored bento was changed" in end_of(worker, 3)


def test_inputs_stay_out_of_the_log(store, tmp_path):
    path = tmp_path / "w.sock"
    worker = start(*store, "--uds", path)
    wait_for(path, worker)
    assert call(path, "POST", "/predict", '{"instances": [{"a": "my secret"}]}')[0] == 400
    told = end(worker)
    assert "refused, bad input" in told
    assert "my secret" not in told


def test_drains_on_sigterm(store, tmp_path):
    path = tmp_path / "w.sock"
    worker = start(*store, "--uds", path)
    wait_for(path, worker)
    in_flight = UnixConnection(path)
    in_flight.putrequest("POST", INFER)
    in_flight.putheader("content-length", str(len(BODY)))
    in_flight.endheaders(BODY[:20].encode())
    call(path, "GET", "/livez")
    worker.send_signal(signal.SIGTERM)
    while path.exists():
        time.sleep(0.01)
    in_flight.send(BODY[20:].encode())
    answer = in_flight.getresponse()
    assert json.loads(answer.read())["outputs"][0]["data"] == [6.0]
    in_flight.close()
    assert worker.wait(timeout=30) == 0
    end(worker)
    assert list(tmp_path.iterdir()) == []


def test_serves_on_an_inherited_socket(store, tmp_path):
    path = tmp_path / "w.sock"
    with socket.socket(socket.AF_UNIX) as parent:
        parent.bind(str(path))
        parent.listen()
        worker = start(*store, "--fd", parent.fileno(), pass_fds=[parent.fileno()])
    # The kernel queues the connection until the worker is warm.
    assert call(path, "POST", INFER, BODY)[0] == 200
    end(worker)
    assert worker.returncode == 0


def test_bentoml_serve_mounts_the_same_lane(store):
    port = free_port()
    served = subprocess.Popen(
        [Path(sys.executable).with_name("bentoml"), "serve", TAG, "--port", str(port)],
        env=bentoml_environment(store[0]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        deadline = time.monotonic() + 60
        while True:
            try:
                connection.request("POST", INFER, BODY)
                break
            except ConnectionRefusedError:
                connection.close()
                assert served.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
        answer = connection.getresponse()
        assert json.loads(answer.read())["outputs"][0]["data"] == [6.0]
        connection.close()
    finally:
        end(served)
