import pytest
from starlette.requests import Request

from control_plane import windows
from control_plane.audit.service import list_events
from control_plane.audit.verifier import verify
from control_plane.db import Database
from control_plane.denials import WINDOW_S, Strangers, record_denial, sum_up
from control_plane.errors import ForbiddenError, UnauthorizedError
from control_plane.principal import system
from control_plane.windows import MAX_WINDOWS


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def strangers(clock):
    return Strangers(clock)


@pytest.fixture
def database(databases):
    database = Database(databases.migrated())
    yield database
    database.dispose()


def request(ip="192.0.2.1", path="/api/v1/models", state=None):
    class Route:
        pass

    Route.path = path
    scope = {"type": "http", "method": "GET", "headers": [], "client": (ip, 1), "route": Route}
    return Request(scope | {"state": state or {}})


def events(database):
    with database.read() as session:
        assert verify(session).ok
        return list_events(session)


def test_the_first_is_recorded_and_the_rest_summed_up(database, strangers, clock):
    error = UnauthorizedError("no", "0" * 12)
    for ip in ["192.0.2.1"] * 4 + ["192.0.2.2"]:
        record_denial(database, strangers, request(ip), error)
    assert [(e.ip, e.actor.key_id) for e in events(database)] == [
        ("192.0.2.1", "0" * 12),
        ("192.0.2.2", "0" * 12),
    ]
    sum_up(database, strangers)
    assert len(events(database)) == 2
    clock.now += WINDOW_S
    sum_up(database, strangers)
    summary = events(database)[2]
    assert (summary.ip, summary.entity) == ("192.0.2.1", "GET /api/v1/models")
    assert (summary.diff, summary.outcome.value) == ({"denied": 3}, "denied")
    # The window is over: the next one is a first one again.
    record_denial(database, strangers, request(), error)
    assert len(events(database)) == 4


def test_each_route_has_a_first_one(database, strangers):
    for path in ("/api/v1/models", "/api/v1/versions", "/api/v1/models"):
        record_denial(database, strangers, request(path=path), UnauthorizedError("no"))
    assert len(events(database)) == 2


def test_what_somebody_known_was_denied_is_one_event_each(database, strangers):
    for _ in range(3):
        known = request(state={"principal": system("x")})
        record_denial(database, strangers, known, ForbiddenError("no"))
    assert len(events(database)) == 3


def test_made_up_addresses_neither_fill_memory_nor_register(strangers, clock):
    first = sum(
        strangers.is_first((f"2001:db8::{n:x}", "GET /x")) for n in range(MAX_WINDOWS + 500)
    )
    assert first == MAX_WINDOWS + 1
    ended = strangers.take_ended(everything=True)
    assert [(*each.kind, each.more) for each in ended] == [(None, "any", 499)]


def test_what_could_not_be_recorded_goes_on_being_counted(database, strangers, clock, monkeypatch):
    for _ in range(3):
        record_denial(database, strangers, request(), UnauthorizedError("no"))
    clock.now += WINDOW_S

    def fail(*_):
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(windows, "record", fail)
        with pytest.raises(OSError, match="disk full"):
            sum_up(database, strangers)
    strangers.is_first(("192.0.2.1", "GET /api/v1/models"))
    sum_up(database, strangers)
    assert events(database)[-1].diff == {"denied": 3}


@pytest.mark.acceptance
def test_a_flood_without_a_key_is_one_event(plane):
    headers = {"x-forwarded-for": "198.51.100.7"}
    for number in range(20):
        url = f"/api/v1/releases/{number}/approve"
        answer = plane.client(None).post(url, json={"reason": "x"}, headers=headers)
        assert answer.status_code == 401
    # Others were refused at the same door, by other tests.
    wanted = {"action": "release:approve", "entity": "release:0"}
    found = plane.admin.get("/api/v1/register/events", params=wanted).json()
    found = [event for event in found if event["ip"] == "198.51.100.7"]
    assert len(found) == 1


def test_keys_sent_in_a_path_stay_out_of_the_register(database, strangers):
    secrets = [f"sbx_{'0' * 12}_{'s' * 43}", f"sdk-{'k' * 43}"]
    for number, secret in enumerate(secrets):
        asked = request(f"192.0.2.{number}", state={"attempt": (None, f"key:{secret}")})
        record_denial(database, strangers, asked, ForbiddenError(f"no key {secret} here"))
    recorded = [(event.entity, event.reason) for event in events(database)]
    assert recorded == [
        (f"key:sbx_{'0' * 12}_…", f"no key sbx_{'0' * 12}_… here"),
        ("key:sdk-…", "no key sdk-… here"),
    ]
