"""The stand-in as a process of its own, for tests and benchmarks."""

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import httpx

from bentos.shopify_admin.clock import AcceleratedClock
from tests.node_packages import install
from tests.stand_in.shopify.records import Kind

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[2]
START_SECONDS = 300.0
DEFAULT_NOW = "2026-11-24T03:00:00+00:00"


class StandIn:
    """A context manager; the arguments are those of ``python -m tests.stand_in.shopify``.

    Skips the test where Shopify's schema cannot be installed.
    """

    def __init__(
        self,
        *,
        orders: str = "generated:600",
        rate: float = 1.0,
        now: str | None = DEFAULT_NOW,
        arguments: tuple[str, ...] = (),
    ) -> None:
        """``now`` is what its clock shows at the start, None for the machine's time."""
        self._command = [sys.executable, "-m", "tests.stand_in.shopify", "--port", "0"]
        self._command += ["--orders", orders, "--clock-rate", str(rate)]
        self._command += ["--now", now] if now else []
        self._command += arguments

    def __enter__(self) -> Self:
        install(FOLDER)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, env=environment, stdout=subprocess.PIPE
        )
        said = self._first_line()
        self.url, self.shop, self.token = said["url"], said["shop"], said["token"]
        self.client_id, self.client_secret = said["client_id"], said["client_secret"]
        self.clock = AcceleratedClock.of(said["clock"])
        self.http = httpx.Client(base_url=self.url, timeout=60, trust_env=False)
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.stop()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def stop(self) -> None:
        """End it, kindly first."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call ``/_stand_in/PATH``; its JSON, or None. Raises httpx.HTTPStatusError."""
        answer = self.http.request(method, f"/_stand_in/{path}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def add(self, kind: Kind, body: dict[str, Any], **columns: Any) -> dict[str, Any]:
        """A new record in the shop."""
        return dict(self.control("POST", f"shop/{kind}", {"body": body, **columns}))

    def alter(self, kind: Kind, number: int, changes: dict[str, Any]) -> dict[str, Any]:
        """Change fields of a record; ``updated_at`` moves."""
        return dict(self.control("PATCH", f"shop/{kind}/{number}", changes))

    def delete(self, kind: Kind, number: int) -> dict[str, Any]:
        """Remove a record; what it was."""
        return dict(self.control("DELETE", f"shop/{kind}/{number}"))

    def fault(self, kind: int | str, times: int = 1, **options: Any) -> None:
        """Let the next calls meet a fault of ``faults.Fault``."""
        self.control("POST", "faults", {"kind": kind, "times": times, **options})

    def graphql(
        self,
        query: str,
        variables: dict[str, Any] | None = None,
        *,
        token: str | None = None,
        version: str = "2026-10",
        **headers: str,
    ) -> httpx.Response:
        """One call of the Admin API, without any client of ours between."""
        return self.http.post(
            f"/admin/api/{version}/graphql.json",
            json={"query": query, "variables": variables or {}},
            headers={"X-Shopify-Access-Token": token or self.token, **headers},
        )

    def _first_line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], START_SECONDS)
        line = self._process.stdout.readline() if ready else b""
        if not line:
            self.stop()
            code = self._process.returncode
            raise RuntimeError(f"the stand-in did not start in {START_SECONDS} s (exit {code})")
        return dict(json.loads(line))
