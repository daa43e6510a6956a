"""A whole installation of real processes around a tiny model, and what tests ask of it."""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx

from bentos.contract import canonical
from bentos.contract.manifest import DatasetRef, Manifest, OfflineMetrics, ParityReport
from bentos.contract.segment import DecisionFrame, read_frames
from load_tests.installation.model import MODEL, SCHEMA, SIGNATURE

SHOP = "acceptance-shop"
VERSIONS = ("tiny:20260101-0000000a", "tiny:20260102-0000000b")


def manifest(version: str, bento_digest: str) -> dict[str, Any]:
    record = Manifest(
        version=version,
        model=MODEL,
        bento_digest=bento_digest,
        onnx_digest="0" * 64,
        signature=SIGNATURE,
        features=SCHEMA,
        dataset=DatasetRef(digest="d" * 64, parts={"rows": "d" * 64}, source="made", rows=10),
        consent_basis="made-up",
        code_commit="0" * 40,
        lock_digest="1" * 64,
        seed=1,
        cpu_kernels={"ort": "any"},
        offline=OfflineMetrics(
            protocol="sums",
            primary="accuracy",
            higher_is_better=True,
            model={"accuracy": 1.0},
            baseline_name="zero",
            baseline={"accuracy": 0.0},
        ),
        parity=ParityReport(
            rows=10, edge_rows=2, max_abs_error=0.0, mismatches=0, tolerance="0", passed=True
        ),
        budgets={"onnx_bytes": 1.0},
    )
    return canonical.as_builtins(record)


def serves(version: str) -> Callable[[dict[str, Any]], bool]:
    """A route: the version is stable and no experiment runs."""
    return lambda feature: not feature.get("rules") and feature["defaultValue"]["serve"] == version


def free_ports(count: int) -> list[int]:
    """Ports free a moment ago; held together so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@dataclass
class Answer:
    key: str
    status: int
    body: dict[str, Any]


@dataclass
class Line:
    """Control plane, fleet and gateway over one home. ``start`` and ``stop`` by name."""

    home: Path
    processes: dict[str, subprocess.Popen] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        control, gateway = free_ports(2)
        self.control_url = f"http://127.0.0.1:{control}"
        self.gateway_url = f"http://127.0.0.1:{gateway}"
        self.gateway_port = gateway
        self.environment = {
            **os.environ,
            "SIGNALBOX_HOME": str(self.home),
            "SIGNALBOX_SHOP": SHOP,
            "SIGNALBOX_CONTROL_PLANE_URL": self.control_url,
            "SIGNALBOX_CONTROL_PLANE_PORT": str(control),
            "SIGNALBOX_GATEWAY_PORT": str(gateway),
            "SIGNALBOX_FLEET_DRAIN_GRACE_S": "1",
            "BENTOML_HOME": str(self.home / "bentoml"),
            "BENTOML_DO_NOT_TRACK": "true",
        }
        self.control = httpx.Client(base_url=self.control_url, timeout=20, trust_env=False)
        self.gateway = httpx.Client(base_url=self.gateway_url, timeout=20, trust_env=False)

    # --- processes
    def run(self, *command: str, **options: Any) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, *command],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **options,
        )

    def start(self, name: str, module: str) -> None:
        self.home.joinpath("logs").mkdir(exist_ok=True)
        with (self.home / "logs" / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", module], env=self.environment, stdout=log, stderr=log
            )

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        process = self.processes.pop(name)
        process.send_signal(number)
        process.wait(timeout=60)

    def start_control_plane(self) -> None:
        self.start("control-plane", "control_plane")
        self.until(lambda: self._answers(self.control, "/health/ready"))

    def start_gateway(self) -> None:
        self.start("gateway", "gateway")
        self.until(lambda: self._answers(self.gateway, "/v2/health/live"))

    def stop_all(self) -> None:
        for name in ("gateway", "fleet", "control-plane"):
            if name in self.processes:
                self.stop(name)
        self.control.close()
        self.gateway.close()

    def worker(self, version: str) -> int | None:
        """A running worker's pid."""
        for path in (self.home / "fleet" / "workers").glob("*.json"):
            try:
                record = json.loads(path.read_bytes())
            except FileNotFoundError:
                continue
            if record["version"] == version:
                return record["pid"]
        return None

    # --- HTTP
    def call(self, actor: str, method: str, path: str, body: Any = None) -> Any:
        headers = {"authorization": f"Bearer {self.keys[actor]}"}
        answer = self.control.request(method, path, json=body, headers=headers)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def move(self, release: str, verb: str, actor: str = "author", **more: Any) -> Any:
        body = {"reason": "as tested", **more}
        return self.call(actor, "POST", f"/api/v1/releases/{release}/{verb}", body)

    def release(self, candidate: str, **more: Any) -> str:
        """An approved release's id."""
        plan = {"model": MODEL, "candidate": candidate, "reason": "as tested", **more}
        created = self.call("author", "POST", "/api/v1/releases", plan)
        self.move(created["id"], "submit")
        self.move(created["id"], "approve", actor="approver")
        return created["id"]

    def predict(self, key: str, value: float = 1.0) -> Answer:
        body = {"targeting_key": key, "instances": [{"a": value, "b": 2.0, "c": 3.0}]}
        return self.ask(self.gateway, key, body)

    def ask(self, client: httpx.Client, key: str, body: Any) -> Answer:
        headers = {"authorization": f"Bearer {self.keys['caller']}"}
        answer = client.post(f"/v1/models/{MODEL}:predict", json=body, headers=headers)
        return Answer(key, answer.status_code, answer.json())

    def feature(self) -> dict[str, Any]:
        """The model's route as the gateway keeps it on disk."""
        path = self.home / "gateway" / "documents" / "routes.body"
        return json.loads(path.read_bytes())["features"].get(f"model.{MODEL}", {})

    def follows(self, fits: Any) -> bool:
        """Whether the gateway works with routes whose feature for the model fits."""
        documents = self.home / "gateway" / "documents"
        epoch, number = json.loads((documents / "routes.header.json").read_bytes())["revision"]
        taken_up = self.gateway.get("/status").json()["documents"]["routes"]
        return taken_up == f"{epoch}.{number}" and fits(self.feature())

    # --- waiting and reading
    def until(self, reached: Any, seconds: float = 60.0) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            value = reached()
            if value:
                return value
            for name, process in self.processes.items():
                assert process.poll() is None, f"{name} ended:\n{self.log(name)}"
            time.sleep(0.05)
        logs = "\n".join(f"--- {name}\n{self.log(name)}" for name in self.processes)
        raise AssertionError(f"not reached within {seconds} s\n{logs}")

    def log(self, name: str) -> str:
        return (self.home / "logs" / f"{name}.log").read_text()[-3000:]

    def decisions(self) -> dict[str, DecisionFrame]:
        frames = {}
        for path in sorted((self.home / "gateway" / "segments").iterdir()):
            for frame in read_frames(path):
                if isinstance(frame, DecisionFrame):
                    frames[frame.decision.decision_id] = frame
        return frames

    @staticmethod
    def _answers(client: httpx.Client, path: str) -> bool:
        try:
            return client.get(path).status_code == 200
        except httpx.HTTPError:
            return False


class Load:
    """Callers in threads, until the block ends. ``answers`` holds everything that came back."""

    def __init__(self, line: Line, threads: int = 4, pause: float = 0.004) -> None:
        self._line = line
        self._pause = pause
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(n,)) for n in range(threads)]
        self.answers: list[Answer] = []
        self.broken: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    @property
    def failures(self) -> list[Any]:
        return [*self.broken, *(answer for answer in self.answers if answer.status != 200)]

    def _call(self, number: int) -> None:
        draw = random.Random(number)
        with httpx.Client(base_url=self._line.gateway_url, timeout=20, trust_env=False) as client:
            while not self._stopping.is_set():
                key = f"b-{draw.randrange(10_000)}"
                body = {"targeting_key": key, "instances": [{"a": draw.random(), "b": 2.0}]}
                try:
                    self.answers.append(self._line.ask(client, key, body))
                except (httpx.HTTPError, http.client.HTTPException) as error:
                    self.broken.append(repr(error))
                time.sleep(self._pause)
