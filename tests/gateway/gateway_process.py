"""The gateway as processes: its documents on disk, its start, its children, its end."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx
import msgspec
import psutil

from bentos.contract.documents import DocumentName, EndpointsBody, KillBody
from bentos.contract.segment import DecisionFrame, read_frames
from tests.gateway.installation import SECRET, keys_body, route, schemas_body
from tests.gateway.publisher import Publisher

HEADERS = {"authorization": f"Bearer sbx_aaaaaaaaaaaa_{SECRET}"}
BODY = {"targeting_key": "k", "instances": [{"amount": 1.0}]}
PREDICT = "/v1/models/fraud:predict"


def publish_on_disk(
    home: Path, endpoints: dict[str, str], routes=None, kill=None, keys=None, schemas=None
) -> Publisher:
    """All five documents, signed, where a gateway that starts finds them."""
    publisher = Publisher(home)
    folder = home / "gateway" / "documents"
    folder.mkdir(parents=True)
    places = {tag: (address,) for tag, address in endpoints.items()}
    for name, body in (
        (DocumentName.SCHEMAS, schemas or schemas_body()),
        (DocumentName.KEYS, keys or keys_body()),
        (DocumentName.KILL, kill or KillBody()),
        (DocumentName.ENDPOINTS, EndpointsBody(versions=places)),
        (DocumentName.ROUTES, routes or route()),
    ):
        header, data = publisher.sign(name, body)
        (folder / f"{name.value}.header.json").write_bytes(msgspec.json.encode(header))
        (folder / f"{name.value}.body").write_bytes(data)
    return publisher


COMMAND = [sys.executable, "-m", "gateway"]


class GatewayProcess:
    """``python -m gateway`` on a free port; its log goes to a file, as nobody reads a pipe."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.log = home / f"gateway-{time.monotonic_ns()}.log"
        with self.log.open("w") as file:
            self.process = subprocess.Popen(COMMAND, env=_environment(home, settings), stderr=file)
        self.url = self._said("gateway listens on ").rpartition(" ")[2]

    @staticmethod
    def run_to_end(home: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
        """A gateway that is expected not to start."""
        environment = _environment(home, settings)
        return subprocess.run(
            COMMAND, check=False, env=environment, capture_output=True, text=True, timeout=60
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            children = psutil.Process(self.process.pid).children()
            self.process.kill()
            self.process.wait()
            for child in children:
                # Workers leave by themselves once their parent is gone; one may just have.
                with suppress(psutil.NoSuchProcess):
                    child.kill()
            psutil.wait_procs(children, timeout=10)

    def workers(self) -> list[psutil.Process]:
        """The worker processes, oldest first."""
        return self._running("gateway.server")

    def shadow_processes(self) -> list[psutil.Process]:
        """The process that asks shadows, if there is one; its predecessor may still be ending."""
        return self._running("gateway.shadow_server")

    def _running(self, module: str) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children()
        found = [child for child in children if module in child.cmdline()]
        return sorted(found, key=lambda child: child.create_time())

    def wait_ready(self) -> "GatewayProcess":
        def ready() -> bool:
            try:
                return httpx.get(f"{self.url}/v2/health/ready", timeout=5).status_code == 200
            except httpx.TransportError:
                return False

        eventually(ready, "the gateway never became ready")
        return self

    def wait_for(self, event: str, times: int = 1) -> None:
        """Wait until its log names an event that often."""
        eventually(
            lambda: self.log.read_text().count(f'"{event}"') >= times,
            lambda: f"{event} was not logged {times} times: {self.log.read_text()}",
        )

    def end(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def _said(self, start: str) -> str:
        def line() -> str | None:
            lines = self.log.read_text().splitlines()
            found = next((each for each in lines if each.startswith(start)), None)
            assert found or self.process.poll() is None, self.log.read_text()
            return found

        return eventually(line, "the gateway never listened")


def _environment(home: Path, settings: dict[str, str]) -> dict[str, str]:
    return {
        **os.environ,
        "SIGNALBOX_HOME": str(home),
        "SIGNALBOX_GATEWAY_PORT": "0",
        "SIGNALBOX_CONTROL_PLANE_URL": "http://127.0.0.1:9",
        **settings,
    }


def eventually(condition, problem, seconds: float = 60):
    """The first truthy value of a condition."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(problem() if callable(problem) else problem)


def decision_ids(home: Path) -> list[str]:
    """Every decision in a gateway's segments, open ones too."""
    return [
        frame.decision.decision_id
        for path in (home / "gateway" / "segments").iterdir()
        for frame in read_frames(path)
        if isinstance(frame, DecisionFrame)
    ]
