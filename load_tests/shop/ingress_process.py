"""An ingress of its own home, started with one app, killed and started again."""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

import httpx

from load_tests.free_ports import free_port
from load_tests.installation.process import Process

HOST = "127.0.0.1"
SHOP, DOMAIN, CLIENT_ID = "demo-shop", "demo-shop.myshopify.com", "0123456789abcdef"
SECRET = b"shpss_" + b"7" * 32


class IngressProcess:
    """``python -m control_plane.shopify`` over ``home``, which is filled where it lacks."""

    def __init__(self, home: Path, environment: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.port = free_port()
        self.inbox = home / "ingress" / "inbox.db"
        home.mkdir(parents=True, exist_ok=True)
        fill(home)
        self.process = Process(
            "ingress",
            ["control_plane.shopify"],
            home / "ingress.log",
            {
                "SIGNALBOX_HOME": str(home),
                "SIGNALBOX_SHOP": SHOP,
                "SIGNALBOX_INGRESS_HOST": HOST,
                "SIGNALBOX_INGRESS_PORT": str(self.port),
                **(environment or {}),
            },
        )

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.process.start()
        self.process.wait_until(self.is_ready, "readiness")

    def is_ready(self) -> bool:
        """Whether it says so."""
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


def fill(home: Path) -> None:
    """Keys, and an app as it is remembered: there is no control plane here."""
    keys, folder = home / "keys", home / "ingress"
    keys.mkdir(exist_ok=True, mode=0o700)
    folder.mkdir(exist_ok=True, mode=0o700)
    _write(keys / "pseudonym.key", secrets.token_hex(32).encode())
    _write(keys / "shopify.secret", SECRET)
    app = {
        "client_id": CLIENT_ID,
        "shop": SHOP,
        "domain": DOMAIN,
        "secrets": ["file:shopify.secret"],
    }
    _write(folder / "apps.json", json.dumps([app]).encode())


def _write(path: Path, data: bytes) -> None:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(data)
