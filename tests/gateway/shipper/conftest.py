"""A real control plane for the shipper, and a folder of segments of one boot."""

import shutil

import pytest

from bentos.decision_lake.files import Lake
from gateway.shipper.register import Register
from gateway.shipper.shipping import Shipping
from tests.control_plane import conftest as control_plane
from tests.gateway.shipper.segments import Writer

databases, make_plane = control_plane.databases, control_plane.make_plane
postgresql_databases = control_plane.postgresql_databases
postgresql = control_plane.postgresql
plane, new_plane = control_plane.plane, control_plane.new_plane


@pytest.fixture
def home(plane, tmp_path):
    """A gateway's home, on a machine of its own, with its key to the shared plane."""
    keys = tmp_path / "gateway" / "keys"
    keys.mkdir(parents=True)
    shutil.copy(plane.home / "keys" / "gateway.key", keys)
    return keys.parent


@pytest.fixture
def segments(home):
    return Writer(home / "gateway" / "segments")


@pytest.fixture
def register(plane):
    register = Register(plane.url, plane.home / "keys" / "gateway.key")
    yield register
    register.close()


@pytest.fixture
def lake(tmp_path):
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def shipping(segments, lake, register):
    return Shipping(segments.folder, lake, register)
