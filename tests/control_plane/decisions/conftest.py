"""Decisions as a real gateway's code decides, logs and ships them, to a real control plane."""

import pytest

from tests.control_plane.decisions.gateway_stand_in import GatewayStandIn


@pytest.fixture
def gateway(plane, tmp_path):
    return GatewayStandIn(plane, tmp_path)


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
