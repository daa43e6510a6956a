"""A whole installation of real processes: control plane, fleet, gateway and real bentos."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bentos.contract.segment import DecisionFrame, read_frames
from load_tests.free_ports import free_ports
from load_tests.installation.model import MODEL
from load_tests.installation.tiny_bento import VERSIONS, build, manifest

SHOP = "acceptance-shop"
PEOPLE = {
    "author": {"id": "ada", "name": "Ada", "roles": ["data_scientist", "release_manager"]},
    "approver": {"id": "grace", "name": "Grace", "roles": ["approver"]},
}


class LineError(RuntimeError):
    """A process of the line did not do what it was asked to."""


def serves(version: str) -> Callable[[dict[str, Any]], bool]:
    """A route: the version is stable and no experiment runs."""
    return lambda feature: not feature.get("rules") and feature["defaultValue"]["serve"] == version


@dataclass
class Answer:
    """What a caller got for a key."""

    key: str
    status: int
    body: dict[str, Any]


@dataclass
class Line:
    """Control plane, fleet and gateway over one home. ``start`` and ``stop`` by name.

    ``database_url``: empty for the SQLite file of the home.
    """

    home: Path
    database_url: str = ""
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        control, gateway = free_ports(2)
        self.control_url = f"http://127.0.0.1:{control}"
        self.gateway_url = f"http://127.0.0.1:{gateway}"
        self.gateway_port = gateway
        self.environment = {
            **os.environ,
            "SIGNALBOX_HOME": str(self.home),
            "SIGNALBOX_DATABASE_URL": self.database_url,
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
    def set_up(self, projects: Path) -> None:
        """Everything but a gateway: keys, bentos, people, versions, the first one promoted."""
        done = self.run("-m", "control_plane.cli", "init")
        if done.returncode != 0:
            raise LineError(done.stderr)
        digests = {
            version: build(projects / str(number), version, self.environment)
            for number, version in enumerate(VERSIONS)
        }
        self.start_control_plane()
        self.introduce()
        self.start("fleet", "control_plane.fleet")
        for version, digest in digests.items():
            self.call("trainer", "POST", "/api/v1/versions", manifest(version, digest))
        release = self.release(VERSIONS[0], kind="bootstrap", shadow=False, steps=[])
        self.move(release, "start")

    def introduce(self) -> None:
        """People and a caller, each with a key of their own."""
        for service in ("admin", "trainer", "gateway", "fleet"):
            self.keys[service] = (self.home / "keys" / f"{service}.key").read_text().strip()
        for actor, person in PEOPLE.items():
            self.call("admin", "POST", "/api/v1/people", person)
            made = self.call("admin", "POST", f"/api/v1/people/{person['id']}/keys", {})
            self.keys[actor] = made["key"]
        caller = {"name": "storefront", "shop": SHOP, "models": ["*"], "scopes": ["infer"]}
        self.keys["caller"] = self.call("admin", "POST", "/api/v1/callers", caller)["key"]

    def run(self, *command: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        """Run ``python`` with these arguments to its end, with these settings of its own."""
        return subprocess.run(
            [sys.executable, *command],
            env={**self.environment, **settings},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, name: str, module: str) -> None:
        """Start ``python -m module`` under a name."""
        self.home.joinpath("logs").mkdir(exist_ok=True)
        with (self.home / "logs" / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", module], env=self.environment, stdout=log, stderr=log
            )

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        """Signal one and wait for its end."""
        process = self.processes.pop(name)
        process.send_signal(number)
        process.wait(timeout=60)

    def start_control_plane(self) -> None:
        """Start it and wait until it is ready."""
        self.start("control-plane", "control_plane")
        self.until(lambda: self._answers(self.control, "/health/ready"))

    def start_gateway(self) -> None:
        """Start it and wait until it is live.

        Workers of one that was killed answer for a moment more: they are not the new one's.
        """
        self.until(lambda: not self._answers(self.gateway, "/v2/health/live"))
        self.start("gateway", "gateway")
        self.until(lambda: self._answers(self.gateway, "/v2/health/live"))

    def stop_all(self) -> None:
        """End whatever still runs."""
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
                pid: int = record["pid"]
                return pid
        return None

    # --- HTTP
    def call(self, actor: str, method: str, path: str, body: Any = None) -> Any:
        """Call the control plane as ``actor``; LineError unless it succeeds."""
        headers = {"authorization": f"Bearer {self.keys[actor]}"}
        answer = self.control.request(method, path, json=body, headers=headers)
        if not answer.is_success:
            raise LineError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def move(self, release: str, verb: str, actor: str = "author", **more: Any) -> Any:
        """Do something to a release."""
        body = {"reason": "as tested", **more}
        return self.call(actor, "POST", f"/api/v1/releases/{release}/{verb}", body)

    def release(self, candidate: str, **more: Any) -> str:
        """An approved release's id."""
        plan = {"model": MODEL, "candidate": candidate, "reason": "as tested", **more}
        created = self.call("author", "POST", "/api/v1/releases", plan)
        read = self.move(created["id"], "submit")
        revision = read["revision"]
        self.move(created["id"], "approve", actor="approver", expected_revision=revision)
        release: str = created["id"]
        return release

    def predict(self, key: str, value: float = 1.0) -> Answer:
        """One call to the gateway."""
        body = {"targeting_key": key, "instances": [{"a": value, "b": 2.0, "c": 3.0}]}
        return self.ask(self.gateway, key, body)

    def ask(self, client: httpx.Client, key: str, body: Any) -> Answer:
        """One call to the gateway, with a body of your own."""
        headers = {"authorization": f"Bearer {self.keys['caller']}"}
        answer = client.post(f"/v1/models/{MODEL}:predict", json=body, headers=headers)
        return Answer(key, answer.status_code, answer.json())

    def feature(self) -> dict[str, Any]:
        """The model's route as the gateway keeps it on disk."""
        path = self.home / "gateway" / "documents" / "routes.body"
        feature: dict[str, Any] = json.loads(path.read_bytes())["features"].get(
            f"model.{MODEL}", {}
        )
        return feature

    def follows(self, fits: Callable[[dict[str, Any]], bool]) -> bool:
        """Whether the gateway works with routes whose feature for the model fits."""
        documents = self.home / "gateway" / "documents"
        epoch, number = json.loads((documents / "routes.header.json").read_bytes())["revision"]
        taken_up = self.gateway.get("/status").json()["documents"]["routes"]
        return taken_up == f"{epoch}.{number}" and bool(fits(self.feature()))

    # --- waiting and reading
    def until(self, reached: Callable[[], Any], seconds: float = 60.0) -> Any:
        """Wait; the value, or LineError with every log."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            value = reached()
            if value:
                return value
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise LineError(f"{name} ended:\n{self.log(name)}")
            time.sleep(0.05)
        logs = "\n".join(f"--- {name}\n{self.log(name)}" for name in self.processes)
        raise LineError(f"not reached within {seconds} s\n{logs}")

    def log(self, name: str) -> str:
        """The end of a process's log."""
        return (self.home / "logs" / f"{name}.log").read_text()[-3000:]

    def decisions(self) -> dict[str, DecisionFrame]:
        """Every decision in the segments, by id."""
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
