"""Everything that keeps something of a shopper, as real processes over one home."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bentos.shopify_admin.connected import connect
from bentos.shopify_admin.connection import Connection
from control_plane.config import Settings
from control_plane.init import initialise
from load_tests.free_ports import free_port
from load_tests.installation.gateway import GatewayProcess
from load_tests.installation.patience import Patience
from load_tests.installation.process import Process
from load_tests.installation.redis_server import RedisServer
from load_tests.shop import drill_model
from load_tests.shop.ingress_process import CLIENT_ID, HOST, SHOP, IngressProcess

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120.0
ANSWER_S = 200.0
"""For one answer: whoever gives it may be held still for most of that (``patience.py``)."""
ORDERS = "generated:3000"
CONSENT = {
    "text_version": "2026-11",
    "text_digest": "a" * 64,
    "given_by": "M. Moreau, managing director",
    "document": "agreement of 2026-11-20",
}


@dataclass
class DrillSite:
    """``database_url``: empty for SQLite. ``redis``: None where there is none."""

    home: Path
    shop: Any
    database_url: str
    redis: RedisServer | None
    control: Process
    control_url: str
    gateway: GatewayProcess
    ingress: IngressProcess
    caller: str
    http: httpx.Client = field(
        default_factory=lambda: httpx.Client(timeout=ANSWER_S, trust_env=False)
    )

    def environment(self) -> dict[str, str]:
        """Of every process here."""
        return {**shared(self.home, self.database_url), **self.store()}

    def store(self) -> dict[str, str]:
        """Where online features are beside the embedded store."""
        return {"SIGNALBOX_ONLINE_STORE_URL": self.redis.url} if self.redis else {}

    def run(
        self,
        *arguments: str,
        codes: Sequence[int] = (0,),
        settings: Mapping[str, str] | None = None,
    ) -> str:
        """``python -m`` to its end; what it said. RuntimeError for another exit code."""
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env=self.environment() | dict(settings or {}),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if done.returncode not in codes:
            said = f"{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
            raise RuntimeError(f"{' '.join(arguments)} ended with {done.returncode}: {said}")
        return done.stdout

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Ask the control plane as its admin."""
        answer = self.ask(method, path, body, **headers)
        if not answer.is_success:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        is_json = "json" in answer.headers.get("content-type", "")
        return answer.json() if is_json else answer.content

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """The same, whatever is answered."""
        key = (self.home / "keys" / "compliance.key").read_text().strip()
        told = {"Authorization": f"Bearer {key}", **headers}
        return self.http.request(method, self.control_url + path, json=body, headers=told)

    def until(self, reached: Callable[[], Any], what: str, seconds: float = PATIENCE_S) -> Any:
        """Wait for it; RuntimeError with the logs' ends."""
        patience = Patience(seconds)
        while not (found := reached()):
            if patience.is_over():
                logs = "\n".join(each.log_end() for each in (self.control, self.ingress.process))
                raise RuntimeError(f"{what} did not come in {seconds:.0f} s:\n{logs}")
            time.sleep(0.1)
        return found


def shared(home: Path, database_url: str) -> dict[str, str]:
    """The settings all processes share; those of whoever started the drill are left out."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SIGNALBOX_", "BENTOML"))}
    told = {"SIGNALBOX_HOME": str(home), "SIGNALBOX_SHOP": SHOP, "PYTHONPATH": str(ROOT)}
    return {**kept, **told, "SIGNALBOX_DATABASE_URL": database_url}


@contextmanager
def drill_site(folder: Path, database_url: str, *, with_redis: bool) -> Iterator[DrillSite]:
    """Set it up below ``folder`` and start what serves; end it all."""
    from tests.stand_in.shopify.process import StandIn  # noqa: PLC0415 - in the repository only

    home = folder / "home"
    home.mkdir(parents=True)
    with ExitStack() as stack:
        shop = stack.enter_context(StandIn(orders=ORDERS, now=None, rate=20.0))
        redis = _redis(stack, folder) if with_redis else None
        store = {"SIGNALBOX_ONLINE_STORE_URL": redis.url} if redis else {}
        os.environ["SIGNALBOX_DATABASE_URL"] = database_url
        initialise(Settings(home=home, shop=SHOP), "admin")
        caller = _models(stack, home, folder)
        settings = shared(home, database_url)
        control, control_url = _control_plane(folder, settings | store)
        stack.callback(control.stop)
        control.start()
        gateway = _gateway(home, store)
        ingress = _ingress(home, settings, gateway)
        site = DrillSite(
            home, shop, database_url, redis, control, control_url, gateway, ingress, caller
        )
        stack.callback(gateway.stop)
        stack.callback(ingress.process.stop)
        stack.callback(site.http.close)
        control.wait_until(lambda: _is_up(control_url), "readiness")
        _prepare(site)
        yield site


def _redis(stack: ExitStack, folder: Path) -> RedisServer:
    redis = RedisServer(folder)
    stack.callback(redis.process.stop)
    redis.start()
    return redis


def _models(stack: ExitStack, home: Path, folder: Path) -> str:
    """What answers, and the key of who may ask."""
    versions = drill_model.workers(folder)
    for each in versions.values():
        stack.callback(each.stop)
    drill_model.start(versions, folder)
    caller = drill_model.caller_and_documents(home, SHOP, folder)
    (home / "keys" / "ingress.key").write_text(caller + "\n")
    return caller


def _control_plane(folder: Path, settings: dict[str, str]) -> tuple[Process, str]:
    """Not started yet, and its address."""
    port = free_port()
    plane = {
        **settings,
        "SIGNALBOX_CONTROL_PLANE_PORT": str(port),
        "SIGNALBOX_UPKEEP_INTERVAL_S": "1",
        "SIGNALBOX_CONSOLE": "false",
        "SIGNALBOX_DRAIN_S": "0",
    }
    control = Process("control plane", ["control_plane"], folder / "control.log", plane)
    return control, f"http://{HOST}:{port}"


def _ingress(home: Path, settings: dict[str, str], gateway: GatewayProcess) -> IngressProcess:
    told = {
        "SIGNALBOX_INGRESS_OUTCOMES_S": "1",
        "SIGNALBOX_GATEWAY_URL": f"http://{HOST}:{gateway.port}",
    }
    return IngressProcess(home, settings | told)


def _gateway(home: Path, store: dict[str, str]) -> GatewayProcess:
    """It closes its segments when it ends, so that what is open and what closed is ours to say."""
    settings = {
        **store,
        "SIGNALBOX_CONTROL_PLANE_URL": f"http://{HOST}:9",
        "SIGNALBOX_SEGMENT_MAX_AGE_S": "3600",
    }
    return GatewayProcess(home, SHOP, settings)


def _is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _prepare(site: DrillSite) -> None:
    """Who may do what, the shop's app, its consents, its Admin API."""
    keys = site.home / "keys"
    (keys / "compliance.key").write_bytes((keys / "admin.key").read_bytes())
    person = {"id": "carla", "name": "Carla", "roles": ["compliance", "admin"]}
    site.call("POST", "/api/v1/people", person)
    made = site.call("POST", "/api/v1/people/carla/keys", {})
    (keys / "compliance.key").write_text(made["key"])
    secrets = ["file:shopify.secret"]
    app = {"shop": SHOP, "domain": site.shop.shop, "secrets": secrets}
    site.call("PUT", f"/api/v1/shopify-apps/{CLIENT_ID}", app)
    for purpose, use in (
        ("fraud", "train"),
        ("recommendations", "train"),
        ("pricing", "train"),
        ("fraud", "automated_decision"),
    ):
        site.call("POST", "/api/v1/consents", {"purpose": purpose, "use": use, **CONSENT})
    address = Connection(
        shop=site.shop.shop, grant="static", site=site.shop.url, access_token=site.shop.token
    )
    connect(site.home, address)
