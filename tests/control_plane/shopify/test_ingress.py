"""The ingress put together, in this process."""

import pytest

from control_plane.shopify.ingress import Ingress
from control_plane.shopify.settings import IngressSettings
from load_tests.shop.ingress_process import CLIENT_ID, SECRET, SHOP, fill


@pytest.fixture
def secret(tmp_path):
    """Where the app's secret lies; it is too short to be one."""
    fill(tmp_path)
    path = tmp_path / "keys" / "shopify.secret"
    path.write_bytes(b"too short")
    return path


@pytest.fixture
def ingress(tmp_path, secret):
    ingress = Ingress(IngressSettings(home=tmp_path, shop=SHOP))
    ingress.start()
    yield ingress
    ingress.stop()


def test_it_is_not_ready_while_no_app_has_a_secret_that_can_be_read(ingress, secret):
    """Every delivery is answered with 503 then."""
    said = ingress.not_ready()
    assert said is not None
    assert CLIENT_ID in said
    secret.write_bytes(SECRET)
    ingress.apps.refresh()
    assert ingress.not_ready() is None
