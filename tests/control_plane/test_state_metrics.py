import pytest
from prometheus_client import CollectorRegistry, generate_latest

from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.db import Database
from control_plane.errors import UnavailableError
from control_plane.principal import system
from control_plane.publish.models import INSTALLATION_ID, InstallationRow
from control_plane.state_metrics import StateMetrics


def shown(database):
    registry = CollectorRegistry()
    registry.register(StateMetrics(database))
    return generate_latest(registry).decode()


@pytest.fixture
def database(any_databases):
    database = Database(any_databases.migrated())
    yield database
    database.dispose()


def test_every_state_is_shown_and_the_register_s_size(database):
    members = {"shop": "s", "environment": "e", "epoch": 1, "created_at": clock.now()}
    with database.write() as session:
        session.add(InstallationRow(id=INSTALLATION_ID, **members))
        record(session, system("test"), Change(action=Action.REGISTER_VERIFY, entity="register"))
    told = shown(database)
    for line in (
        "database_up 1.0",
        'releases{state="draft"} 0.0',
        'releases{state="rolled_back"} 0.0',
        "kills_in_force 0.0",
        "register_events 1.0",
        'database_connections{pool="reader",state="size"} 8.0',
        'database_connections{pool="writer",state="in_use"} 0.0',
    ):
        assert f"signalbox_control_plane_{line}\n" in told
    # Never signed: no age that would look like one.
    assert "checkpoint_age_seconds" not in told


class Away:
    def read(self):
        raise UnavailableError("away")

    def pools(self):
        return {}


def test_without_a_database_that_is_what_is_told():
    told = shown(Away())
    assert "signalbox_control_plane_database_up 0.0" in told
    assert "releases" not in told
