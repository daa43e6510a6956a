import json

import pytest

from control_plane.webhooks import lease, outbox, service

URL = "http://127.0.0.1:1/"


@pytest.fixture
def taking(installation):
    def take(holder, most=10):
        now = installation.clock()
        until = installation.plan.lease_s
        later = lease_end(installation, until)
        return installation.write(lease.take, holder, now, later, most)

    return take


def lease_end(installation, seconds):
    installation.clock.forward(seconds)
    end = installation.clock()
    installation.clock.forward(-seconds)
    return end


def due(installation, *models):
    installation.happen(*models)
    installation.write(outbox.advance)


def test_a_webhook_is_taken_by_one_with_what_is_due_in_order(installation, taking):
    webhook, _ = installation.subscribe(URL)
    assert taking("one") == []
    due(installation, *"abc")
    [batch] = taking("one")
    assert batch.webhook_id == webhook
    assert [json.loads(each.body)["data"]["model"] for each in batch.due] == ["a", "b", "c"]
    assert taking("two") == []
    assert taking("one") == []
    installation.clock.forward(installation.plan.lease_s + 1)
    assert len(taking("two")) == 1


def test_of_several_webhooks_as_many_are_taken_as_one_has_room_for(installation, taking):
    for number in range(5):
        installation.subscribe(URL, name=f"w{number}")
    due(installation, "a")
    assert [len(taking("one", 3)), len(taking("two", 3)), len(taking("one", 3))] == [3, 2, 0]


def test_what_is_given_back_is_anybody_s_but_only_by_its_holder(installation, taking):
    webhook, _ = installation.subscribe(URL)
    due(installation, "a")
    taking("one")
    installation.write(lease.give_back, "two", webhook)
    assert taking("two") == []
    installation.write(lease.give_back, "one", webhook)
    assert len(taking("two")) == 1


def test_it_is_kept_by_its_holder_until_it_is_disabled_or_to_rest(installation, taking, admin):
    webhook, _ = installation.subscribe(URL)
    due(installation, "a")
    taking("one")
    now, until = installation.clock(), lease_end(installation, 99)
    assert installation.write(lease.keep, "one", webhook, now, until)
    assert not installation.write(lease.keep, "two", webhook, now, until)

    def rest(session):
        row = service.get_webhook(session, webhook)
        row.resume_at = lease_end(installation, 50)
        session.add(row)

    installation.write(rest)
    assert not installation.write(lease.keep, "one", webhook, now, until)
    assert taking("one") == []
    installation.clock.forward(51)
    assert len(taking("one")) == 1
    installation.write(service.disable_webhook, admin, webhook, "test")
    assert not installation.write(lease.keep, "one", webhook, now, until)
    assert not installation.write(lease.keep, "one", "nobody", now, until)
