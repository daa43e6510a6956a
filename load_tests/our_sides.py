"""The gateway in every setting that is compared, and the worker and echo that bound it."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bentos.contract.oip import BINARY_CONTENT_TYPE, HEADER_LENGTH
from control_plane.fleet.process import set_niceness
from control_plane.fleet.process_launcher import SHADOW_NICE
from load_tests.documents import ServedModel, write_models_home
from load_tests.fraud_inputs import SCHEMA, SIGNATURE
from load_tests.free_ports import free_port
from load_tests.http_connection import Target, render_request
from load_tests.model_rows import RETURNING_KEYS, ModelRows
from load_tests.rig import HOST, Rig
from load_tests.sides import BINARY, TENSOR, Side

SHOP = "bench-shop"
CANARY_WEIGHT = 0.05
PREDICT_PATH = f"/v1/models/{SIGNATURE.model}:predict"
INFER_PATH = f"/v2/models/{SIGNATURE.model}/infer"


@dataclass(frozen=True)
class Server:
    """Something that runs: its address as an endpoints document names it, and its processes."""

    address: str
    pids: tuple[int, ...]


class OurSides:
    """Starts what a side needs when it is first asked for; workers are shared, as only one
    side runs at a time."""

    def __init__(self, rig: Rig, store: Path, digests: dict[str, str], rows: ModelRows) -> None:
        self._rig = rig
        self._store = store
        self._digests = digests
        self._rows = rows
        self._workers: dict[str, Server] = {}
        self._authorization: dict[str, dict[str, str]] = {}
        self._alone: Side | None = None
        self._stable, self._canary, self._shadow = digests

    def alone(self) -> Side:
        """The gateway with everything on, asked with named values."""
        if self._alone is None:
            label = "gateway: key, 5 % canary, decision log, metrics"
            self._alone = self._gateway("gateway", label)
        return self._alone

    def alone_with_returning_keys(self) -> Side:
        """The same gateway, asked about few shoppers again and again."""
        side, key = self.alone(), self._authorization["gateway"]
        bodies = self._rows.named("returning")[:RETURNING_KEYS]
        return replace(
            side,
            name="gateway_returning",
            label=f"gateway, {RETURNING_KEYS:,} shoppers in turn",
            requests=tuple(render_request(PREDICT_PATH, body, key) for body in bodies),
        )

    def alone_by_tensors(self) -> Side:
        """The same gateway, asked by the Open Inference Protocol in JSON."""
        side, key = self.alone(), self._authorization["gateway"]
        requests = tuple(
            render_request(INFER_PATH, body, key) for body in self._rows.named_tensors()
        )
        return replace(
            side, name="gateway_oip", label="gateway, OIP JSON", requests=requests, body=TENSOR
        )

    def alone_by_binary_tensors(self) -> Side:
        """The same gateway, asked with binary tensors."""
        side, key = self.alone(), self._authorization["gateway"]
        requests = tuple(
            render_request(
                INFER_PATH, body, {**key, HEADER_LENGTH: str(length)}, BINARY_CONTENT_TYPE
            )
            for body, length in self._rows.binary_tensors()
        )
        label = "gateway, OIP binary"
        return replace(side, name="gateway_binary", label=label, requests=requests, body=BINARY)

    def with_shadow(self, name: str, label: str, *, answering: bool = True) -> Side:
        """The gateway with a copy of everything stable answers sent to a third worker, which runs
        at the priority that the fleet gives to one that only shadows.

        ``answering`` says whether that worker is let run when the side is.
        """
        shadow = self._worker(name, self._shadow)
        for pid in shadow.pids:
            set_niceness(pid, os.getpriority(os.PRIO_PROCESS, 0) + SHADOW_NICE)
        shadows = {self._shadow: shadow.address}
        if answering:
            return self._gateway(name, label, shadows=shadows, more_pids=shadow.pids)
        return replace(self._gateway(name, label, shadows=shadows), victims=shadow.pids)

    def strict(self) -> Side:
        """The gateway with every decision on the disk before its answer leaves."""
        strict = {"SIGNALBOX_LOG_SYNC": "strict"}
        return self._gateway("log_strict", "decision log strict", environment=strict)

    def without_log(self) -> Side:
        """The gateway with its decision log taken out: what the log costs. Not a product."""
        return self._gateway(
            "log_off", "decision log taken out", module="load_tests.gateway_without_log"
        )

    def before(self, stable: Server, canary: Server) -> Side:
        """The gateway in front of servers that are not our workers."""
        addresses = {self._stable: stable.address, self._canary: canary.address}
        return self._gateway(
            "gateway_bentoml",
            "gateway in front of stock bentoml serve",
            addresses=addresses,
            more_pids=(*stable.pids, *canary.pids),
        )

    def worker(self) -> Side:
        """One of our workers, its tensor lane called directly."""
        worker = self._worker("stable", self._stable)
        requests = tuple(render_request(INFER_PATH, body) for body in self._rows.packed_tensor())
        return Side(
            "worker",
            "our worker alone",
            Target(path=worker.address.removeprefix("unix:")),
            requests,
            worker.pids,
            TENSOR,
        )

    def echo(self) -> Side:
        """A bare ASGI application: the limit."""
        port = free_port()
        command = [sys.executable, "-m", "uvicorn", "load_tests.echo:app", "--host", HOST]
        options = ["--port", str(port), "--no-access-log", "--log-level", "warning"]
        pid = self._rig.serve("echo", [*command, *options], ready=f"http://{HOST}:{port}/")
        requests = tuple(render_request("/", body) for body in self._rows.named())
        return Side("echo", "bare ASGI echo (the limit)", Target(HOST, port), requests, (pid,))

    def _worker(self, name: str, version: str) -> Server:
        if name not in self._workers:
            self._workers[name] = start_worker(
                self._rig, name, version, self._digests[version], self._store
            )
        return self._workers[name]

    def _gateway(
        self,
        name: str,
        label: str,
        *,
        addresses: dict[str, str] | None = None,
        shadows: dict[str, str] | None = None,
        more_pids: tuple[int, ...] = (),
        environment: dict[str, str] | None = None,
        module: str = "gateway",
    ) -> Side:
        if addresses is None:
            stable, canary = (
                self._worker("stable", self._stable),
                self._worker("canary", self._canary),
            )
            addresses = {self._stable: stable.address, self._canary: canary.address}
            more_pids += (*stable.pids, *canary.pids)
        model = ServedModel(SIGNATURE, SCHEMA, addresses, CANARY_WEIGHT, shadows or {})
        gateway = start_gateway(self._rig, name, [model], environment or {}, module)
        key = self._authorization[name] = {"authorization": f"Bearer {gateway.key}"}
        requests = tuple(render_request(PREDICT_PATH, body, key) for body in self._rows.named())
        target = Target(HOST, gateway.port)
        url = f"http://{HOST}:{gateway.port}"
        return Side(name, label, target, requests, (gateway.pid, *more_pids), url=url)


@dataclass(frozen=True)
class Gateway:
    """A gateway without a control plane: its port, a caller's key, its process."""

    port: int
    key: str
    pid: int


def start_worker(rig: Rig, name: str, version: str, digest: str, store: Path) -> Server:
    """Start a bento worker on a socket of its own; returns once it is warm."""
    path = rig.folder / f"{name}.sock"
    command = [sys.executable, "-m", "bentos.worker", version, "--digest", digest]
    pid = rig.serve(
        f"worker_{name}",
        [*command, "--uds", str(path)],
        ready=path,
        environment={"BENTOML_HOME": str(store)},
    )
    return Server(f"unix:{path}", (pid,))


def start_gateway(
    rig: Rig,
    name: str,
    models: Sequence[ServedModel],
    environment: dict[str, str],
    module: str = "gateway",
) -> Gateway:
    """Start a gateway that serves ``models``; returns once it is ready."""
    home, port = rig.folder / f"home_{name}", free_port()
    key = write_models_home(home, SHOP, models)
    settings = {
        "SIGNALBOX_HOME": str(home),
        "SIGNALBOX_SHOP": SHOP,
        "SIGNALBOX_GATEWAY_HOST": HOST,
        "SIGNALBOX_GATEWAY_PORT": str(port),
        # Nobody is there: the documents on disk are all the gateway has.
        "SIGNALBOX_CONTROL_PLANE_URL": f"http://{HOST}:{free_port()}",
        **environment,
    }
    ready = f"http://{HOST}:{port}/v2/health/ready"
    pid = rig.serve(name, [sys.executable, "-m", module], ready=ready, environment=settings)
    return Gateway(port, key, pid)
