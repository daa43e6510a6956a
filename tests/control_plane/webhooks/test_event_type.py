import re

import pytest

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane.webhooks import event_type
from control_plane.webhooks.event_type import check_patterns, is_wanted, type_of


def event(action, outcome="allowed", diff=None):
    return {"action": action, "outcome": outcome, "diff": diff or {}}


def test_types_are_as_the_specification_recommends_and_each_there_once():
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_]+", name) for name in event_type.TYPES)
    assert len(set(event_type.TYPES)) == len(event_type.TYPES)


def test_every_move_of_a_release_is_told():
    moves = {action for action in Action if action.value.startswith("release:")}
    assert moves <= event_type.OF_ACTION.keys()


def test_denials_and_what_is_not_on_the_list_are_told_to_nobody():
    assert type_of(event("release:ramp")) == "release.ramped"
    assert type_of(event("release:ramp", "denied")) is None
    for action in ("session:create", "key:create", "person:edit", "decision:read", "of:tomorrow"):
        assert type_of(event(action)) is None


def test_a_verification_is_told_when_it_failed():
    assert type_of(event("register:verify", diff={"ok": [None, True]})) is None
    told = type_of(event("register:verify", diff={"ok": [None, False]}))
    assert told == "register.verify_failed"


def test_patterns_are_types_groups_or_all():
    assert check_patterns(["kill.set", "release.*", "kill.set"]) == ["kill.set", "release.*"]
    assert check_patterns(["*"]) == ["*"]
    for wrong in ("release", "release.", "release.flown", "webhook.test", "*.set", "person.*", ""):
        with pytest.raises(ContractError, match=r"events\[1\]"):
            check_patterns(["*", wrong])


def test_who_asked_is_told():
    assert is_wanted("release.ramped", ["release.*"])
    assert is_wanted("release.ramped", ["kill.set", "release.ramped"])
    assert is_wanted("release.ramped", ["*"])
    assert not is_wanted("release.ramped", ["release.paused", "kill.*"])
    assert not is_wanted("release.ramped", [])
