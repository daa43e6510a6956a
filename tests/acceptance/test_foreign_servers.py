"""A version may live on a server that is not ours: stock `bentoml serve`, and MLServer."""

import asyncio
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bentos.contract.datatype import Datatype
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec
from gateway.lane import Lane
from gateway.lane_pressure import Pressure
from gateway.lane_request import Encoding
from load_tests.free_ports import free_port, free_ports
from tests.bentos.tiny.store import bentoml_environment, build_tiny
from tests.gateway.lanes import close_lane, until

ROOT = Path(__file__).parents[2]
MLSERVER = ROOT / ".venv-peers" / "mlserver" / "bin" / "mlserver"
VERSION = "20260101-0000000a"
START_S = 90
SIGNATURE = ModelSignature(
    model="tiny",
    inputs=(InputSpec(name="a", datatype=Datatype.FP32),),
    outputs=(OutputSpec(name="total", datatype=Datatype.FP32),),
)
SCHEMA = FeatureSchema(
    model="tiny",
    features=tuple(Feature(name=name, source=f"input:{name}") for name in ("a", "b", "c")),
)

pytestmark = pytest.mark.acceptance


def wait_for(port, process, log):
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the server did not start: {log.read_text()[-2000:]}")


def end(process):
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def stock_bentoml(tmp_path_factory):
    """`bentoml serve` as installed: its own router, its own middleware."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("bentoml")
    environment = bentoml_environment(home)
    build_tiny(folder / "project", VERSION, environment)
    port = free_port()
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [
                *(Path(sys.executable).with_name("bentoml"), "serve", f"tiny:{VERSION}"),
                *("--host", "127.0.0.1", "--port", str(port)),
            ],
            env=environment,
            cwd=folder,
            stdout=output,
            stderr=output,
        )
    wait_for(port, process, log)
    yield f"http://127.0.0.1:{port}"
    end(process)


@pytest.fixture(scope="module")
def mlserver(tmp_path_factory):
    """MLServer in an environment of its own."""
    if not MLSERVER.exists():
        pytest.skip(f"no {MLSERVER.relative_to(ROOT)}: `make peers` creates it")
    folder = tmp_path_factory.mktemp("mlserver")
    shutil.copytree(Path(__file__).with_name("mlserver"), folder / "model")
    http, grpc, metrics = free_ports(3)
    log = folder / "log"
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_HTTP_PORT": str(http),
        "MLSERVER_GRPC_PORT": str(grpc),
        "MLSERVER_METRICS_PORT": str(metrics),
        "MLSERVER_PARALLEL_WORKERS": "0",
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            [MLSERVER, "start", folder / "model"],
            env=environment,
            cwd=folder,
            stdout=output,
            stderr=output,
        )
    wait_for(http, process, log)
    yield f"http://127.0.0.1:{http}"
    end(process)


async def answers(address, encoding):
    """A lane to ``address``: rows of several callers, batched, each with its own answer."""
    lane = Lane(
        f"tiny:{VERSION}",
        SIGNATURE,
        SCHEMA.tensors(),
        max_batch_rows=64,
        max_waiting_rows=4096,
        slots=1,
        pressure=Pressure(4096),
    )
    lane.set_addresses([address])
    await until(lambda: lane.pool.idle)
    [worker] = lane.pool.workers.values()
    assert worker.encoding is encoding
    deadline = asyncio.get_running_loop().time() + 30

    async def one(number):
        rows = number % 3 + 1
        tensors = (struct.pack("<3f", number, 1.0, 2.0) * rows,)
        answer = await lane.submit(tensors, rows, deadline)
        assert answer.outputs == {"total": [number + 3.0] * rows}

    await asyncio.gather(*[one(number) for number in range(60)])
    assert lane.batches < 60
    await close_lane(lane)


async def test_stock_bentoml_serve_answers_a_lane_in_binary(stock_bentoml):
    await answers(stock_bentoml, Encoding.BINARY)


async def test_mlserver_answers_a_lane_in_json(mlserver):
    await answers(mlserver, Encoding.JSON)
