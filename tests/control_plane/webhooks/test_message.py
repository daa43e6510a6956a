import json

from control_plane.webhooks import message

EVENT = {
    "seq": 4711,
    "id": "019a0000-0000-7000-8000-000000000001",
    "at": "2026-11-26T08:30:00.000000Z",
    "actor": {"type": "person", "id": "ann@shop.example", "auth_method": "session", "key_id": "s"},
    "on_behalf_of": "ben",
    "ip": "203.0.113.9",
    "user_agent": "curl",
    "request_id": "r",
    "action": "release:ramp",
    "entity": "release:019a",
    "entity_revision": 7,
    "outcome": "allowed",
    "reason": "Ann Smith asked for it",
    "ticket": "T-1",
    "approvals": ["ben"],
    "diff": {
        "weight": [0.05, 0.25],
        "state": ["canary", "canary"],
        "candidate": [None, "fraud:20261122-1a2b3c4d"],
        "author": [None, "ann@shop.example"],
        "steps": [None, [{"weight": 0.25}]],
        "stable": ["fraud:1", None],
        "kind": "damaged",
    },
}


def test_a_message_is_thin_and_about_nobody():
    told = message.of_event(EVENT, "fraud")
    assert json.loads(told.body) == {
        "type": "release.ramped",
        "timestamp": "2026-11-26T08:30:00.000000Z",
        "data": {
            "seq": 4711,
            "event": EVENT["id"],
            "entity": "release:019a",
            "model": "fraud",
            "revision": 7,
            "weight": 0.25,
            "state": "canary",
            "candidate": "fraud:20261122-1a2b3c4d",
        },
    }
    for secret in ("ann", "ben", "Smith", "203.0.113.9", "curl", "T-1"):
        assert secret not in told.body


def test_the_id_is_the_event_s_and_has_no_full_stop():
    told = message.of_event(EVENT, None)
    assert told == message.of_event(EVENT, None)
    assert told.id == "msg_019a0000000070008000000000000001"
    assert "model" not in json.loads(told.body)["data"]


def test_what_is_not_told_makes_no_message():
    assert message.of_event(EVENT | {"outcome": "denied"}, None) is None


def test_a_checkpoint_of_another_epoch_is_another_message():
    one = message.of_checkpoint("signalbox/a/b/1", 9, "ab" * 32, "note", EVENT["at"])
    two = message.of_checkpoint("signalbox/a/b/2", 9, "ab" * 32, "note", EVENT["at"])
    assert one.id != two.id
    assert "." not in one.id
    assert json.loads(one.body)["data"]["note"] == "note"


def test_a_test_is_told_to_be_one():
    told = message.of_test(EVENT | {"action": "webhook:test", "diff": {}})
    assert told.type == json.loads(told.body)["type"] == "webhook.test"
