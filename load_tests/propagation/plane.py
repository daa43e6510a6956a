"""A real control plane with models in it, and changes whose commits say when they were."""

import json
import socket
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from load_tests.free_ports import free_port
from load_tests.installation.connection import Connection, HttpAnswer
from load_tests.installation.model import MODEL
from load_tests.installation.process import NotReachedError, Process
from load_tests.installation.tiny_bento import VERSIONS, manifest

HOST = "127.0.0.1"
LISTEN_SECONDS = 60.0
SHOP = "propagation-shop"
STABLE, CANARY = VERSIONS
FIRST_WEIGHT = 0.9
# Of 10,000: every publish takes one from the canary, which no rule ever forbids.
ONE_BUCKET = 0.0001
COMMITTED_AT = "x-signalbox-committed-at"
SERVED_REVISION = "x-signalbox-served-revision"
REASON = {"reason": "propagation is measured"}


class Plane:
    """``python -m control_plane`` over ``home``; may be killed and started again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.environment = {
            "SIGNALBOX_HOME": str(home),
            "SIGNALBOX_SHOP": SHOP,
            "SIGNALBOX_CONTROL_PLANE_PORT": str(self.port),
        }
        self.process = self._process({})
        self.release = ""
        self.caller = ""
        self._keys: dict[str, str] = {}
        self._revision = 0
        self._buckets = round(FIRST_WEIGHT / ONE_BUCKET)
        self._connection: Connection | None = None

    def start(self, **settings: str) -> None:
        """Start it with ``settings`` of its own and wait until it is ready."""
        self.process = self._process(settings)
        self.process.start()
        self.process.wait_until(self._is_ready, "readiness")

    def start_again(self, **settings: str) -> int:
        """Start it; when it first took a connection, in ns since the epoch."""
        self.process = self._process(settings)
        self.process.start()
        return self._first_connection_ns()

    def stop(self) -> None:
        """End it."""
        self.process.stop()

    def set_up(self, models: int, versions: int, addresses: dict[str, tuple[str, ...]]) -> None:
        """People, a caller, the model that is probed with a canary at 90 %, and ``models`` more
        of ``versions`` versions each, which make the documents as large as a shop's."""
        self._introduce()
        others = {f"model{n}": _versions(f"model{n}", versions) for n in range(models)}
        for version in VERSIONS:
            self._call("trainer", "/api/v1/versions", manifest(version, "b" * 64))
        for model, tags in others.items():
            for tag in tags:
                self._call("trainer", "/api/v1/versions", _manifest_of(model, tag))
        workers = {version: _ready(places) for version, places in addresses.items()}
        for tags in others.values():
            workers |= {tag: _ready(addresses[STABLE]) for tag in tags}
        self._call("fleet", "/fleet/v1/report", {"fleet": "propagation", "versions": workers})
        for model, tags in {MODEL: list(VERSIONS), **others}.items():
            self._approved(model, tags[0], kind="bootstrap", shadow=False, steps=[])
        self.release = self._approved(MODEL, CANARY, shadow=False, steps=[FIRST_WEIGHT])

    # --- timed changes ----------------------------------------------------------------
    async def publish(self) -> int:
        """One bucket fewer for the canary; when that was committed, in ns since the epoch."""
        self._buckets -= 1
        weight = round(self._buckets * ONE_BUCKET, 4)
        path = f"/api/v1/releases/{self.release}/ramp"
        order = {**REASON, "weight": weight, "expected_revision": self._revision}
        answer = await self._ask("POST", path, order)
        self._revision = json.loads(answer.body)["revision"]
        return nanoseconds(answer.headers[COMMITTED_AT])

    async def kill(self) -> int:
        """Force the model onto its stable version; when that was committed."""
        body = {**REASON, "model": MODEL, "version": STABLE}
        answer = await self._ask("POST", "/api/v1/kills", body)
        return nanoseconds(answer.headers[COMMITTED_AT])

    async def back_to_canary(self) -> int:
        """Clear the kill and give the canary its traffic back; the revision that says so."""
        # One after the other, or the routes might be published before the kill's end.
        await self._ask("DELETE", f"/api/v1/kills/{MODEL}?wait=served", REASON)
        weight = round(self._buckets * ONE_BUCKET, 4)
        await self.look()
        path = f"/api/v1/releases/{self.release}/resume?wait=served"
        order = {**REASON, "weight": weight, "expected_revision": self._revision}
        answer = await self._ask("POST", path, order)
        self._revision = json.loads(answer.body)["revision"]
        return int(answer.headers[SERVED_REVISION].rpartition(".")[2])

    async def look(self) -> None:
        """Read the release's revision, which the next change of it has to name."""
        answer = await self._ask("GET", f"/api/v1/releases/{self.release}", {})
        self._revision = json.loads(answer.body)["revision"]

    async def forget_connection(self) -> None:
        """Open a new one for the next change."""
        if self._connection is not None:
            await self._connection.close()
        self._connection = None

    async def _ask(self, method: str, path: str, body: Any) -> HttpAnswer:
        if self._connection is None or not self._connection.is_open:
            self._connection = await Connection.open(HOST, self.port)
        data = json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\n"
            f"authorization: Bearer {self._keys['author']}\r\ncontent-length: {len(data)}\r\n\r\n"
        )
        answer = await self._connection.ask(head.encode() + data)
        if answer.status not in (200, 201):
            raise NotReachedError(f"{method} {path}: {answer.status} {answer.body!r}")
        return answer

    # --- setting up -------------------------------------------------------------------
    def _introduce(self) -> None:
        for service in ("admin", "trainer", "gateway", "fleet"):
            self._keys[service] = (self.home / "keys" / f"{service}.key").read_text().strip()
        for person, roles in (("author", ["release_manager"]), ("approver", ["approver"])):
            body = {"id": person, "name": person, "roles": roles}
            self._call("admin", "/api/v1/people", body)
            made = self._call("admin", f"/api/v1/people/{person}/keys", {})
            self._keys[person] = made["key"]
        caller = {"name": "prober", "shop": SHOP, "models": ["*"], "scopes": ["infer"]}
        self.caller = self._call("admin", "/api/v1/callers", caller)["key"]

    def _approved(self, model: str, candidate: str, **plan: Any) -> str:
        body = {"model": model, "candidate": candidate, **REASON, **plan}
        release = self._call("author", "/api/v1/releases", body)
        for actor, verb in (("author", "submit"), ("approver", "approve"), ("author", "start")):
            order = {**REASON, "expected_revision": release["revision"]}
            release = self._call(actor, f"/api/v1/releases/{release['id']}/{verb}", order)
        self._revision = release["revision"]
        name: str = release["id"]
        return name

    def _call(self, actor: str, path: str, body: Any) -> Any:
        headers = {"authorization": f"Bearer {self._keys[actor]}"}
        answer = httpx.post(f"{self.url}{path}", json=body, headers=headers, timeout=20)
        if not answer.is_success:
            raise NotReachedError(f"POST {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def _process(self, settings: dict[str, str]) -> Process:
        log = self.home.parent / "control-plane.log"
        return Process("control plane", ["control_plane"], log, {**self.environment, **settings})

    def _first_connection_ns(self) -> int:
        until = time.monotonic() + LISTEN_SECONDS
        while time.monotonic() < until:
            try:
                socket.create_connection((HOST, self.port), 1).close()
            except ConnectionRefusedError:
                time.sleep(0.001)
            else:
                return time.time_ns()
        raise NotReachedError(f"the control plane does not listen:\n{self.process.log_end()}")

    def _is_ready(self) -> bool:
        try:
            answer = httpx.get(f"{self.url}/health/ready", timeout=5)
        except httpx.TransportError:
            return False
        return answer.status_code == httpx.codes.OK


def nanoseconds(moment: str) -> int:
    """An RFC 3339 time with microseconds, in ns since the epoch."""
    read = datetime.fromisoformat(moment)
    return int(read.replace(microsecond=0).timestamp()) * 10**9 + read.microsecond * 1000


def _versions(model: str, count: int) -> list[str]:
    return [f"{model}:20260101-{number:08x}" for number in range(1, count + 1)]


def _manifest_of(model: str, version: str) -> dict[str, Any]:
    members = manifest(version, "b" * 64)
    for part in (members, members["signature"], members["features"]):
        part["model"] = model
    return members


def _ready(addresses: tuple[str, ...]) -> dict[str, Any]:
    return {"addresses": list(addresses), "ready": True, "restarts": 0, "pids": []}
