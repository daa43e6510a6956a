"""Decisions as a real gateway's code decides, logs and ships them, to a real control plane."""

import pytest

from gateway.shipper.lawful import Lawful
from gateway.shipper.register import Register
from gateway.shipper.verification import verify
from tests.control_plane.decisions.gateway_stand_in import GatewayStandIn
from tests.control_plane.shop import Shop


@pytest.fixture(scope="module")
def gateway(plane, tmp_path_factory):
    return GatewayStandIn(plane, tmp_path_factory.mktemp("gateway"))


@pytest.fixture(scope="module")
def shop(plane):
    """One model for all tests of a file: none of them changes its release."""
    return Shop(plane)


@pytest.fixture(scope="module")
def canary(shop):
    """A release in canary: half of the keys on the candidate."""
    shop.bootstrap()
    release = shop.started(2, steps=[0.5], shadow=False)
    shop.routed(lambda feature: "rules" in feature)
    return release


@pytest.fixture(scope="session")
def auditor(plane):
    """A person who may read what is about persons."""
    return plane.person("compliance")


@pytest.fixture
def events(plane):
    """Events of one action, newest last."""

    def events(action):
        found, after = [], 0
        while True:
            page = plane.admin.get(
                "/api/v1/register/events", params={"action": action, "after": after, "limit": 1000}
            ).json()
            found += page
            if len(page) < 1000:
                return found
            after = page[-1]["seq"]

    return events


@pytest.fixture
def verified(plane):
    """What the shipper's verification says of one boot's segments in a lake."""

    def verified(lake, gateway, *, lawful=True):
        register = Register(plane.url, plane.home / "keys" / "admin.key")
        try:
            segments = [each for each in register.segments() if each.boot == gateway.boot]
            return verify(lake, segments, register.lawful() if lawful else Lawful())
        finally:
            register.close()

    return verified
