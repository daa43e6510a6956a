"""A gateway in this process, in front of real version processes."""

import httpx
import pytest
import pytest_asyncio

from gateway.app import App
from gateway.config import GatewayConfig
from gateway.lane_pressure import Pressure
from gateway.shadow_feed import Channel
from tests.gateway.installation import PATIENT, SECRET, Gateway
from tests.gateway.lanes import close_lane, open_lane
from tests.gateway.publisher import Publisher
from tests.gateway.shop import ITEMS_SCHEMA, open_storefront
from tests.gateway.versions import Versions


@pytest.fixture(scope="session")
def versions(tmp_path_factory):
    started = Versions(tmp_path_factory.mktemp("v"))
    yield started
    started.stop()


@pytest.fixture
def pressure():
    return Pressure(8192)


@pytest_asyncio.fixture
async def make_lane(pressure):
    """Opens lanes without a gateway around them, and closes them."""
    lanes = []

    async def make(*addresses, **limits):
        lanes.append(await open_lane(pressure, *addresses, **limits))
        return lanes[-1]

    yield make
    for lane in lanes:
        await close_lane(lane)


@pytest_asyncio.fixture
async def gateway(tmp_path, request):
    """A gateway; a test's parameter is what is set otherwise than usual."""
    publisher = Publisher(tmp_path)
    settings = getattr(request, "param", {})
    config = GatewayConfig(home=tmp_path, control_plane_url="http://127.0.0.1:9", **settings)
    channel = Channel.open()
    app = App(config, "g.0", "boot1", channel.feed)
    app._start()
    # A busy machine's own delays are no test's subject: those about time say how much there is.
    headers = {"authorization": f"Bearer sbx_aaaaaaaaaaaa_{SECRET}", **PATIENT}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://g", headers=headers
    ) as client:
        gateway = Gateway(app, publisher, client, channel.sink)
        yield gateway
    lanes = [*app.serving.snapshot.lanes.values()]
    if gateway.shadow is not None:
        lanes += gateway.shadow.snapshot.lanes.values()
        await gateway.shadow.stop()
    await app._stop()
    channel.close()
    for lane in lanes:
        await close_lane(lane)


@pytest.fixture(scope="session")
def items(versions):
    """A version of the storefront's model."""
    return versions.start(ITEMS_SCHEMA)


@pytest_asyncio.fixture
async def shop(gateway, items):
    """A gateway with the storefront's doors open."""
    return await open_storefront(gateway, items)
