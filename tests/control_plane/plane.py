"""A control plane as a process of its own, and clients of those who may ask it."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import httpx

from control_plane.config import Settings
from control_plane.init import initialise
from load_tests.free_ports import free_port
from tests.control_plane import recorded_examples

_numbers = itertools.count(1)


def _environment(home: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SIGNALBOX_")}
    return kept | {"SIGNALBOX_HOME": str(home)} | more


class Plane:
    """One running control plane. ``database_url``: empty for the SQLite file of its home."""

    def __init__(self, home: Path, database_url: str = "", **settings: str) -> None:
        self.home = home
        self.database_url = database_url
        self.settings = settings
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self._clients: dict[str | None, httpx.Client] = {}

    def initialise(self) -> None:
        """In this process: another one would load for a second what this one has loaded."""
        with mock.patch.dict(os.environ, self.environment(), clear=True):
            settings = Settings()
        initialise(settings, "admin")

    def environment(self, **more: str) -> dict[str, str]:
        settings = {"SIGNALBOX_DATABASE_URL": self.database_url} | self.settings | more
        return _environment(self.home, **settings)

    def start(self, **settings: str) -> None:
        self.launch(**settings)
        try:
            self.wait_until_ready()
        except BaseException:
            # Left running, it would fail whichever test comes next as well.
            self.close()
            raise

    def wait_until_ready(self) -> None:
        # Two of them start at once on a machine that may have other things to do.
        self.wait(self._is_ready, "readiness", within_s=60)

    def launch(self, **settings: str) -> None:
        """Without the console, which takes half a second to load and only its own tests open."""
        usual = {
            "SIGNALBOX_CONTROL_PLANE_PORT": str(self.port),
            "SIGNALBOX_DRAIN_S": "0",
            "SIGNALBOX_CONSOLE": "false",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "control_plane"],
            env=self.environment(**(usual | self.settings | settings)),
        )

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, "the control plane ended"
        try:
            return httpx.get(f"{self.url}/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    def ended(self) -> int:
        """Wait for an end that comes by itself; how it came."""
        assert self.process is not None
        return self.process.wait(60)

    def stop(self, how: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(60)

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        if self.process is not None and self.process.poll() is None:
            self.stop()

    def wait(
        self, condition: Callable[[], Any], what: str = "condition", within_s: float = 60
    ) -> Any:
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError(f"never happened: {what}")

    def client(self, key: str | None) -> httpx.Client:
        if key not in self._clients:
            headers = {} if key is None else {"Authorization": f"Bearer {key}"}
            # Plain HTTP: not loading certificates saves most of a client's start.
            self._clients[key] = httpx.Client(
                base_url=self.url,
                headers=headers,
                timeout=60,
                verify=False,
                event_hooks=recorded_examples.hooks(),
            )
        return self._clients[key]

    def holder(self, name: str) -> httpx.Client:
        """A client with one of the key files of ``init``."""
        return self.client((self.home / "keys" / f"{name}.key").read_text().strip())

    @property
    def admin(self) -> httpx.Client:
        return self.holder("admin")

    def person(self, *roles: str) -> httpx.Client:
        person = f"p{next(_numbers)}"
        body = {"id": person, "name": person.upper(), "roles": list(roles)}
        assert self.admin.post("/api/v1/people", json=body).status_code == 201
        key = self.admin.post(f"/api/v1/people/{person}/keys").json()["key"]
        client = self.client(key)
        client.person = person  # type: ignore[attr-defined]
        return client

    def document(self, name: str) -> dict[str, Any]:
        gateway = self.holder("gateway")
        index = gateway.get("/gateway/v1/documents/index").json()
        header = next(each for each in index if each["name"] == name)
        return gateway.get(f"/gateway/v1/documents/{header['digest']}").json()
