"""What is compared: each side is a running server and the requests it gets."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bentos.fraud.schema import SCHEMA, SIGNATURE
from load_tests.documents import write_gateway_home
from load_tests.http_load import Target, render_request
from load_tests.servers import free_port, server, wait_for_http, wait_for_path

SHOP = "bench-shop"
CANARY_WEIGHT = 0.05
NAMES = ("bentoml", "gateway", "bentoml_quiet", "worker", "echo")
KEYS = 4096
HOST = "127.0.0.1"
QUIET = f"services.{SIGNATURE.model}.logging.access.enabled=false"


@dataclass(frozen=True)
class Side:
    """One row of the report."""

    name: str
    label: str
    target: Target
    requests: tuple[bytes, ...]


@dataclass(frozen=True)
class Sides:
    """All sides, running; ``gateway_url`` is where the gateway tells its status."""

    all: tuple[Side, ...]
    gateway_url: str


def bodies() -> tuple[bytes, ...]:
    """One row with every input, a targeting key of its own each, all of one length."""
    row = {name: round(0.1 + 0.03 * index, 2) for index, name in enumerate(_feature_names())}
    return tuple(
        json.dumps({"targeting_key": f"shopper-{number:08d}", "instances": [row]}).encode()
        for number in range(KEYS)
    )


def tensor_body() -> bytes:
    """The same row as an Open Inference Protocol request, for the worker called directly."""
    row = json.loads(bodies()[0])["instances"][0]
    (block,) = SCHEMA.tensors()
    tensor = {
        "name": block.name,
        "shape": [1, block.width],
        "datatype": block.datatype.value,
        "data": [row[feature.source_name] for feature in block.features],
    }
    return json.dumps({"inputs": [tensor]}).encode()


def _feature_names() -> list[str]:
    return [spec.name for spec in SIGNATURE.inputs]


def build_versions(onnx: Path, store: Path) -> dict[str, str]:
    """Build the two versions into ``store``; returns version → digest."""
    built = subprocess.run(
        [sys.executable, "-m", "load_tests.fraud_versions", str(onnx)],
        env={**os.environ, "BENTOML_HOME": str(store), "BENTOML_DO_NOT_TRACK": "true"},
        stdout=subprocess.PIPE,
        check=True,
    )
    digests: dict[str, str] = json.loads(built.stdout.splitlines()[-1])
    return digests


@contextmanager
def running(folder: Path, store: Path, digests: dict[str, str], core: int) -> Iterator[Sides]:
    """Start every side's processes on one core; stop them at the end."""
    with ExitStack() as stack:
        stable = next(iter(digests))
        requests = tuple(render_request("/predict", body) for body in bodies())
        # Two `bentoml serve` under one home delete each other's metrics, so each has its own.
        quiet = folder / "quiet"
        shutil.copytree(store, quiet)
        loud_port = _start_bentoml(stack, folder, "bentoml", store, stable, core, {})
        quiet_port = _start_bentoml(
            stack, folder, "bentoml_quiet", quiet, stable, core, {"BENTOML_CONFIG_OPTIONS": QUIET}
        )
        addresses = {
            version: _start_worker(stack, folder, store, version, digest, core)
            for version, digest in digests.items()
        }
        gateway_port, key = _start_gateway(stack, folder, addresses, core)
        echo_port = _start_echo(stack, folder, core)
        authorized = {"authorization": f"Bearer {key}"}
        path = f"/v1/models/{SIGNATURE.model}:predict"
        worker_path = addresses[stable].removeprefix("unix:")
        tensor = render_request(f"/v2/models/{SIGNATURE.model}/infer", tensor_body())
        yield Sides(
            (
                Side("bentoml", "bentoml serve, as it comes", Target(HOST, loud_port), requests),
                Side(
                    "gateway",
                    "gateway: key, 5 % canary, decision log, metrics",
                    Target(HOST, gateway_port),
                    tuple(render_request(path, body, authorized) for body in bodies()),
                ),
                Side(
                    "bentoml_quiet",
                    "bentoml serve, access log off",
                    Target(HOST, quiet_port),
                    requests,
                ),
                Side("worker", "worker alone, tensor as JSON", Target(path=worker_path), (tensor,)),
                Side("echo", "bare ASGI echo (the limit)", Target(HOST, echo_port), requests),
            ),
            f"http://{HOST}:{gateway_port}",
        )


def _start_bentoml(
    stack: ExitStack,
    folder: Path,
    name: str,
    home: Path,
    version: str,
    core: int,
    more: dict[str, str],
) -> int:
    port, log = free_port(), folder / f"{name}.log"
    program = str(Path(sys.executable).with_name("bentoml"))
    environment = {"BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "true", **more}
    command = [program, "serve", version, "--host", HOST, "--port", str(port)]
    process = stack.enter_context(server(command, core, log, environment))
    wait_for_http(f"http://{HOST}:{port}/readyz", process, log)
    return port


def _start_worker(
    stack: ExitStack, folder: Path, home: Path, version: str, digest: str, core: int
) -> str:
    name = version.replace(":", "-")
    path, log = folder / f"{name}.sock", folder / f"{name}.log"
    command = [sys.executable, "-m", "bentos.worker", version, "--digest", digest]
    process = stack.enter_context(
        server([*command, "--uds", str(path)], core, log, {"BENTOML_HOME": str(home)})
    )
    wait_for_path(path, process, log)
    return f"unix:{path}"


def _start_gateway(
    stack: ExitStack, folder: Path, addresses: dict[str, str], core: int
) -> tuple[int, str]:
    home, port, log = folder / "home", free_port(), folder / "gateway.log"
    key = write_gateway_home(home, SHOP, SIGNATURE, SCHEMA, addresses, CANARY_WEIGHT)
    environment = {
        "SIGNALBOX_HOME": str(home),
        "SIGNALBOX_SHOP": SHOP,
        "SIGNALBOX_GATEWAY_HOST": HOST,
        "SIGNALBOX_GATEWAY_PORT": str(port),
        # Nobody is there: the documents on disk are all the gateway has.
        "SIGNALBOX_CONTROL_PLANE_URL": f"http://{HOST}:{free_port()}",
    }
    process = stack.enter_context(server([sys.executable, "-m", "gateway"], core, log, environment))
    wait_for_http(f"http://{HOST}:{port}/v2/health/ready", process, log)
    return port, key


def _start_echo(stack: ExitStack, folder: Path, core: int) -> int:
    port, log = free_port(), folder / "echo.log"
    command = [sys.executable, "-m", "uvicorn", "load_tests.echo:app", "--host", HOST]
    options = ["--port", str(port), "--no-access-log", "--log-level", "warning"]
    process = stack.enter_context(server([*command, *options], core, log, {}))
    wait_for_http(f"http://{HOST}:{port}/", process, log)
    return port
