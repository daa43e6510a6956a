"""What an attempt means, with nothing sent."""

import pytest

from control_plane.webhooks import deliveries, outbox, service
from control_plane.webhooks.deliveries import Asked
from control_plane.webhooks.outcome import KEPT_ATTEMPTS, Patience, Verdict, note_attempt
from control_plane.webhooks.sender import Answer

PATIENCE = Patience(days=5, chance=lambda: 0.5)
FAILED, GOOD = Answer(status=500), Answer(status=200)


@pytest.fixture
def delivery(installation):
    installation.subscribe("http://127.0.0.1:1/")
    installation.happen("a")
    installation.write(outbox.advance)
    return installation.read(deliveries.list_deliveries, Asked())[0]


def note(installation, delivery, answer):
    return installation.write(note_attempt, delivery["id"], answer, PATIENCE, installation.clock())


def now(installation, delivery):
    return installation.read(deliveries.get_delivery, delivery["id"])


def test_of_many_attempts_the_newest_are_kept(installation, delivery, admin):
    for _ in range(3):
        for _ in range(10):
            note(installation, delivery, FAILED)
        installation.write(deliveries.redeliver, admin, delivery["id"])
    found = now(installation, delivery)
    assert (found["attempts"], found["tries"], len(found["tried"])) == (30, 0, KEPT_ATTEMPTS)
    assert found["tried"][-1]["number"] == 30


def test_what_arrived_after_it_was_disabled_is_delivered_all_the_same(
    installation, delivery, admin
):
    installation.write(service.disable_webhook, admin, delivery["webhook_id"], "test")
    assert note(installation, delivery, FAILED) is Verdict.DEAD
    assert now(installation, delivery)["state"] == "dead"
    assert note(installation, delivery, GOOD) is Verdict.DELIVERED
    assert now(installation, delivery)["state"] == "delivered"


def test_of_a_webhook_that_was_deleted_meanwhile_nothing_is_noted(installation, delivery, admin):
    installation.write(service.delete_webhook, admin, delivery["webhook_id"])
    assert note(installation, delivery, GOOD) is None


def test_a_success_ends_the_count_of_failures(installation, delivery):
    note(installation, delivery, FAILED)
    row = installation.read(service.get_webhook, delivery["webhook_id"])
    assert row.failing_since is not None
    note(installation, delivery, GOOD)
    row = installation.read(service.get_webhook, delivery["webhook_id"])
    assert (row.failing_since, row.failures) == (None, 0)
    assert row.last_success_at is not None


def test_retry_after_puts_an_attempt_off_and_never_brings_it_forward(installation, delivery):
    due = []
    for seconds in (60.0, 1.0):
        note(installation, delivery, Answer(status=500, retry_after_s=seconds))
        due.append(now(installation, delivery)["due_at"])
    assert due[0] > installation.clock()
    first, second = (each for each in due)
    # The schedule says 5 s, then 5 min.
    assert first < second
    installation.clock.forward(290)
    assert second > installation.clock()
