"""An upstream GrowthBook as a process of its own, and the desk of the releases."""

import json
import subprocess
import sys
import time
from base64 import b64encode
from datetime import UTC, datetime

import httpx
import pytest
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.control_plane.releases.conftest import desk, new_desk, prepared

__all__ = ["desk", "new_desk", "prepared"]
CLIENT_KEY = "sdk-upstream123"
SECRET = bytes(range(16))
DECRYPTION_KEY = b64encode(SECRET).decode()


def encrypted(value):
    """As GrowthBook does it: AES-128-CBC with PKCS7, base64(iv).base64(ciphertext)."""
    padder = padding.PKCS7(128).padder()
    text = padder.update(json.dumps(value).encode()) + padder.finalize()
    start = b"\1" * 16
    encryptor = Cipher(algorithms.AES128(SECRET), modes.CBC(start)).encryptor()
    body = encryptor.update(text) + encryptor.finalize()
    return f"{b64encode(start).decode()}.{b64encode(body).decode()}"


def route(serve, *rules, shadow=None):
    value = {"serve": serve} if shadow is None else {"serve": serve, "shadow": shadow}
    return {"defaultValue": value, "rules": list(rules)}


def payload(features, *, date=None, encrypt=False, **more):
    """The body of ``/api/features``, as GrowthBook's back end makes it."""
    body = {
        "status": 200,
        "features": {} if encrypt else features,
        "dateUpdated": date or datetime.now(UTC).isoformat(timespec="milliseconds"),
        **more,
    }
    return body | ({"encryptedFeatures": encrypted(features)} if encrypt else {})


class Upstream:
    """The process, and what it is told."""

    def __init__(self):
        command = [
            sys.executable,
            "-m",
            "tests.control_plane.follow.growthbook_stand_in",
            CLIENT_KEY,
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        self.client = httpx.Client(base_url=self.url, timeout=60, verify=False)

    def tell(self, **orders):
        self.client.post("/orders", json=orders).raise_for_status()

    def publish(self, features, *, push=True, **more):
        self.tell(body=json.dumps(payload(features, **more)), push=push)

    def seen(self):
        return self.client.get("/orders").json()

    def wait(self, condition, within_s=60):
        end = time.monotonic() + within_s
        while not condition(self.seen()):
            assert time.monotonic() < end, self.seen()
            time.sleep(0.02)

    def close(self):
        self.client.close()
        self.process.kill()
        self.process.wait(60)
        self.process.stdout.close()


@pytest.fixture
def upstream():
    opened = Upstream()
    yield opened
    opened.close()
