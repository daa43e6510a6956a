import threading
from datetime import UTC, datetime

import pytest
from sqlmodel import delete, select

from control_plane import clock
from control_plane.db import Database
from control_plane.errors import ThrottledError
from control_plane.people import attempts
from control_plane.people.models import PersonRow, SignInCountRow

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def migrated(databases):
    database = Database(databases.migrated())
    with database.write() as session:
        for person in ("ada", "ben"):
            session.add(PersonRow(id=person, name=person, roles=["viewer"], created_at=clock.now()))
    yield database
    database.dispose()


@pytest.fixture
def database(migrated):
    yield migrated
    with migrated.write() as session:
        session.exec(delete(SignInCountRow))


def fail(database, person="ada", ip="192.0.2.1", device=None, times=1):
    """Enter failed attempts; how many were taken before one had to wait."""
    for number in range(times):
        try:
            with database.write() as session:
                attempts.enter(session, attempts.counted_by(session, person, ip, device), NOW)
        except ThrottledError:
            return number
    return times


def test_a_person_from_one_address_has_five_attempts(database):
    assert fail(database, times=9) == attempts.PERSON_FROM_ADDRESS.free
    assert fail(database, ip="192.0.2.2") == 1
    assert fail(database, person="ben") == 1


def test_the_answer_says_when_to_try_again(database):
    fail(database, times=9)
    with database.read() as session, pytest.raises(ThrottledError) as caught:
        attempts.check(session, attempts.counted_by(session, "ada", "192.0.2.1", None), NOW)
    assert caught.value.retry_after_s == 1


def test_an_address_has_twenty_for_all_persons_together(database):
    taken = sum(fail(database, person=f"p{number}") for number in range(30))
    assert taken == attempts.ADDRESS.free


def test_a_person_has_fifty_from_everywhere_then_a_minute_at_most(database):
    taken = sum(fail(database, ip=f"192.0.2.{number}") for number in range(60))
    assert taken == attempts.PERSON.free
    assert attempts.PERSON.most_s == 60


def test_an_ipv6_household_is_one_address(database):
    taken = sum(fail(database, ip=f"2001:db8::{number:x}") for number in range(1, 10))
    assert taken == attempts.PERSON_FROM_ADDRESS.free
    assert fail(database, ip="2001:db8:0:1::1") == 1
    fail(database, ip="192.0.2.7", times=9)
    assert fail(database, ip="::ffff:192.0.2.7") == 0


def test_unknown_persons_wait_like_known_ones(database):
    unknown = fail(database, person="nobody", ip="192.0.2.8", times=9)
    assert unknown == fail(database, ip="192.0.2.9", times=9) > 0


def test_a_known_browser_is_not_held_up_by_others(database):
    with database.write() as session:
        device = attempts.remember_device(session, "ada", None)
    for number in range(70):
        fail(database, ip=f"192.0.2.{number}")
    fail(database, times=9)
    assert fail(database) == 0
    assert fail(database, device=device, times=30) == attempts.KNOWN_BROWSER.free
    # It is known for that person alone.
    assert fail(database, person="ben", ip="192.0.2.1", device=device, times=9) < 9


def test_a_forged_browser_is_unknown(database):
    with database.write() as session:
        device = attempts.remember_device(session, "ada", None)
    forged = device[:-1] + ("A" if device[-1] != "A" else "B")
    with database.read() as session:
        assert attempts.known_device(session, "ada", device) is not None
        for text in (forged, device.replace("sbd_", "sbs_"), "", None):
            assert attempts.known_device(session, "ada", text) is None


def test_the_right_password_clears_a_persons_count_and_not_the_addresss(database):
    fail(database, times=4)
    with database.write() as session:
        counted = attempts.counted_by(session, "ada", "192.0.2.1", None)
        attempts.enter(session, counted, NOW)
        attempts.take_back(session, counted, good=True)
    assert fail(database, times=9) == attempts.PERSON_FROM_ADDRESS.free
    with database.read() as session:
        address = session.get(SignInCountRow, counted[0].key)
    assert address.failures == 4 + attempts.PERSON_FROM_ADDRESS.free


def test_many_at_once_are_not_more_than_many_in_a_row(database):
    taken = []
    threads = [
        threading.Thread(target=lambda: taken.append(fail(database, times=3))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == attempts.PERSON_FROM_ADDRESS.free


def test_made_up_persons_do_not_fill_the_table(database, monkeypatch):
    monkeypatch.setattr(attempts, "MAX_COUNTS", 50)
    monkeypatch.setattr(attempts, "EVICTED", 10)
    for number in range(60):
        fail(database, person=f"p{number}", ip=f"192.0.2.{number}")
    with database.read() as session:
        assert len(session.exec(select(SignInCountRow)).all()) <= 50


def test_a_person_has_a_bounded_number_of_known_browsers(database, monkeypatch):
    monkeypatch.setattr(attempts, "DEVICES_PER_PERSON", 3)
    with database.write() as session:
        devices = []
        for _ in range(5):
            devices.append(attempts.remember_device(session, "ben", None))
            session.flush()
        known = [attempts.known_device(session, "ben", each) is not None for each in devices]
        assert attempts.remember_device(session, "ben", devices[-1]) is None
    assert known == [False, False, True, True, True]
