"""One gateway process in front of two running versions; a third is published but not running."""

import httpx
import pytest
import tritonclient.http as triton

from tests.gateway.gateway_process import HEADERS, GatewayProcess, publish_on_disk
from tests.gateway.installation import CANARY, STABLE, WIDE
from tests.gateway.versions import Versions


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """http://host:port of the gateway; it must have survived everything when it is stopped."""
    folder = tmp_path_factory.mktemp("protocol")
    versions = Versions(folder)
    try:
        endpoints = {STABLE: versions.start(), CANARY: versions.start(WIDE)}
        publish_on_disk(folder / "home", endpoints)
        with GatewayProcess(folder / "home").wait_ready() as gateway:
            yield gateway.url
            assert "worker_died" not in gateway.log.read_text()
            assert gateway.end() == 0
    finally:
        versions.stop()


@pytest.fixture
def http(address):
    with httpx.Client(base_url=address, headers=HEADERS) as client:
        yield client


@pytest.fixture
def client(address):
    with triton.InferenceServerClient(address.removeprefix("http://")) as client:
        yield client


@pytest.fixture
def headers():
    return dict(HEADERS)
