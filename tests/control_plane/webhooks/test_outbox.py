"""Every event becomes its deliveries exactly once, by what was subscribed when it happened."""

import pytest
from sqlmodel import select

from bentos.contract.register import Action, Outcome
from control_plane import clock
from control_plane.audit import checkpoints
from control_plane.audit.models import CheckpointRow
from control_plane.audit.service import Change, record
from control_plane.audit.tree import read_head
from control_plane.principal import system
from control_plane.publish.models import InstallationRow
from control_plane.webhooks import outbox, service
from control_plane.webhooks.models import (
    WebhookCursorRow,
    WebhookDeliveryRow,
    WebhookMessageRow,
)
from tests.databases import allow_changes

URL = "http://127.0.0.1:1/"


def told(installation, webhook=None):
    """Types of the messages that were made for a webhook, in order."""
    query = select(WebhookMessageRow.type, WebhookDeliveryRow.webhook_id).join(
        WebhookDeliveryRow, WebhookDeliveryRow.message_id == WebhookMessageRow.id
    )
    with installation.database.read() as session:
        rows = session.exec(query.order_by(WebhookMessageRow.seq)).all()
    return [name for name, whose in rows if webhook in (None, whose)]


def advance(installation):
    return installation.write(outbox.advance)


def test_nobody_is_told_of_what_was_before(installation):
    installation.happen("before")
    webhook, _ = installation.subscribe(URL, "kill.*")
    installation.happen("after", action=Action.KILL_CLEAR)
    advance(installation)
    assert told(installation, webhook) == ["kill.cleared"]


def test_the_second_time_nothing_is_made(installation):
    installation.subscribe(URL, "kill.*")
    installation.happen("a", "b")
    for _ in range(3):
        advance(installation)
    assert told(installation) == ["kill.set"] * 2


def test_what_is_undone_was_never_told(installation):
    installation.subscribe(URL, "kill.*")
    installation.happen("a")

    def undone(session):
        record(session, system("test"), Change(action=Action.KILL_SET, entity="kill:never"))
        outbox.advance(session)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        installation.write(undone)
    assert told(installation) == []
    advance(installation)
    assert told(installation) == ["kill.set"]


def test_two_webhooks_share_a_message_and_each_gets_what_it_asked_for(installation):
    one, _ = installation.subscribe(URL, "kill.*", name="one")
    two, _ = installation.subscribe(URL, "kill.cleared", name="two")
    installation.happen("a")
    installation.happen("a", action=Action.KILL_CLEAR)
    installation.happen("a", action=Action.KILL_SET, outcome=Outcome.DENIED)
    advance(installation)
    assert told(installation, one) == ["kill.set", "kill.cleared"]
    assert told(installation, two) == ["kill.cleared"]
    with installation.database.read() as session:
        assert len(session.exec(select(WebhookMessageRow)).all()) == 2


def test_what_was_recorded_before_a_change_goes_by_what_stood_before_it(installation, admin):
    webhook, _ = installation.subscribe(URL, "kill.set")
    installation.happen("a")
    changes = {"events": ["kill.cleared"]}
    installation.write(
        lambda session: service.edit_webhook(
            session, admin, installation.plan.policy, webhook, changes
        )
    )
    installation.happen("b")
    installation.happen("b", action=Action.KILL_CLEAR)
    advance(installation)
    assert told(installation) == ["kill.set", "kill.cleared"]


def test_what_happens_while_it_is_disabled_is_never_told(installation, admin):
    webhook, _ = installation.subscribe(URL, "kill.*")
    other, _ = installation.subscribe(URL, "kill.*", name="other")
    installation.happen("a")
    installation.write(service.disable_webhook, admin, webhook, "holidays")
    installation.happen("b")
    installation.write(service.enable_webhook, admin, webhook)
    installation.happen("c")
    advance(installation)
    assert len(told(installation, webhook)) == 2
    assert len(told(installation, other)) == 3


def test_more_events_than_one_transaction_takes(installation, monkeypatch):
    monkeypatch.setattr(outbox, "BATCH", 3)
    installation.subscribe(URL, "kill.*")
    installation.happen(*"abcdefg")
    turns = [advance(installation) for _ in range(4)]
    assert turns == [True, True, False, False]
    assert len(told(installation)) == 7


def test_it_is_behind_only_when_there_is_something_to_tell(installation, admin):
    assert installation.read(outbox.is_behind, 0)[0] is False
    installation.subscribe(URL, "kill.*")
    advance(installation)
    behind, seen = installation.read(outbox.is_behind, 0)
    assert not behind
    installation.happen("x", action=Action.SEGMENT_REGISTER)
    behind, seen = installation.read(outbox.is_behind, seen)
    assert not behind
    installation.happen("a")
    assert installation.read(outbox.is_behind, seen)[0] is True
    advance(installation)
    assert installation.read(outbox.is_behind, seen)[0] is False


def checkpoint(installation):
    def make(session):
        origin, head = checkpoints.origin(session), read_head(session)
        row = CheckpointRow(
            origin=origin, size=head.size, root=head.root().hex(), at=clock.now(), note="note"
        )
        session.add(row)

    installation.write(make)


def test_each_checkpoint_is_told_once_and_again_in_another_epoch(installation):
    installation.happen("before")
    checkpoint(installation)
    webhook, _ = installation.subscribe(URL, "register.*")
    checkpoint(installation)
    assert installation.read(outbox.is_behind, 99)[0] is True
    for _ in range(2):
        advance(installation)
    assert told(installation, webhook) == ["register.checkpoint"]
    with installation.database.write() as session:
        session.get(InstallationRow, 1).epoch = 2
    checkpoint(installation)
    for _ in range(2):
        advance(installation)
    assert told(installation, webhook) == ["register.checkpoint"] * 2


def test_an_event_that_was_broken_holds_up_no_other(installation):
    installation.subscribe(URL, "kill.*")
    installation.happen("a", "b", "c")
    if installation.database.writer.dialect.name == "postgresql":
        pytest.skip("its JSON columns take nothing broken")
    with installation.database.writer.begin() as connection:
        allow_changes(connection, "register_event")
        connection.exec_driver_sql("UPDATE register_event SET diff = '{' WHERE entity = 'kill:b'")
    advance(installation)
    assert len(told(installation)) == 2
    head = installation.read(lambda session: read_head(session).size)
    assert installation.read(lambda session: session.get(WebhookCursorRow, 1).seq) == head
