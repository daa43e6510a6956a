import os
import signal
import subprocess
import sys
from functools import partial

import httpx
import psutil
import pytest

from bentos.contract.register import Actor, ActorType
from control_plane.config import Settings
from control_plane.db import Database
from control_plane.principal import Permission, Principal
from control_plane.shopify_apps.service import AppOrder, set_app
from load_tests.free_ports import free_ports

pytestmark = pytest.mark.acceptance


@pytest.mark.slow
def test_up_runs_all_parts_and_ends_them_together(new_plane):
    port, gateway_port, ingress_port = map(str, free_ports(3))
    set_up_app(new_plane)
    environment = {
        **new_plane.environment(),
        "SIGNALBOX_CONTROL_PLANE_PORT": port,
        "SIGNALBOX_CONTROL_PLANE_URL": f"http://127.0.0.1:{port}",
        "SIGNALBOX_GATEWAY_PORT": gateway_port,
        "SIGNALBOX_NIGHTLY_CRON": "0 3 29 2 *",
        "SIGNALBOX_INGRESS_PORT": ingress_port,
    }
    command = [sys.executable, "-m", "control_plane.cli", "up"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        # Six processes start at once, on a machine that may be busy otherwise.
        wait = partial(new_plane.wait, within_s=90)
        wait(lambda: _answers(f"http://127.0.0.1:{port}/health/ready"), "readiness")
        wait(lambda: _has_routes(f"http://127.0.0.1:{gateway_port}/status"), "routes")
        wait(lambda: _answers(f"http://127.0.0.1:{ingress_port}/health/ready"), "the ingress")
        children = psutil.Process(process.pid).children(recursive=True)
        assert {part for child in children for part in child.cmdline()} >= {
            "control_plane",
            "control_plane.fleet",
            "gateway.shipper",
            "gateway",
            "schedule",
            "control_plane.shopify",
        }
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert not any(child.is_running() for child in children)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def set_up_app(plane):
    """As ``signalbox shopify set`` leaves it: a row, and the secret in a file."""
    secret = plane.home / "keys" / "shopify.secret"
    secret.touch(mode=0o600)
    secret.write_text("shpss_" + "7" * 32)
    settings = Settings(home=plane.home, database_url=plane.database_url)
    actor = Actor(type=ActorType.PERSON, id="admin", auth_method="key")
    who = Principal(actor=actor, permissions=frozenset(Permission))
    app = {"client_id": "0123456789abcdef", "domain": "demo-shop.myshopify.com", "rate": None}
    app |= {"secrets": ["file:shopify.secret"], "proxy_models": [], "checkout_models": []}
    database = Database(settings.database)
    with database.write() as session:
        set_app(session, who, AppOrder(shop=settings.shop, **app))
    database.dispose()


def test_up_ends_all_when_one_part_ends(tmp_path):
    environment = {**os.environ, "SIGNALBOX_HOME": str(tmp_path / "never-initialised")}
    done = subprocess.run(
        [sys.executable, "-m", "control_plane.cli", "up"],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 1
    assert "ended with exit code 2" in done.stderr


def _answers(url):
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def _has_routes(url):
    try:
        return "routes" in httpx.get(url).json()["documents"]
    except (httpx.TransportError, ValueError, KeyError):
        return False
