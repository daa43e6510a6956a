import re

import msgspec
import pytest

from bentos.contract import canonical, merkle, register
from bentos.contract.errors import ContractError
from bentos.contract.register import Action, Actor, ActorType, Outcome, RegisterEvent

ACTOR = Actor(type=ActorType.PERSON, id="mia", auth_method="api_key", key_id="0a1b2c3d4e5f")
EVENT = RegisterEvent(
    seq=1,
    id="0193571a-7b00-7c4f-8a21-5d2f4e6a9b01",
    at="2026-11-22T08:30:00.123456Z",
    actor=ACTOR,
    action=Action.RELEASE_RAMP,
    entity="release:rel_1",
    outcome=Outcome.ALLOWED,
)
OTHERS = {
    "seq": 2,
    "id": "other",
    "at": "2026-11-22T08:30:00.123457Z",
    "actor": Actor(type=ActorType.SERVICE, id="mia", auth_method="api_key"),
    "action": Action.RELEASE_PAUSE,
    "entity": "release:rel_2",
    "outcome": Outcome.DENIED,
    "on_behalf_of": "leo",
    "ip": "::1",
    "user_agent": "curl",
    "request_id": "r",
    "entity_revision": 1,
    "before": "0",
    "after": "1",
    "diff": {"weight": [0.05, 0.25]},
    "reason": "why",
    "ticket": "OPS-1",
    "approvals": ("a",),
    "schema": 2,
}


def test_every_column_of_the_contract_is_there_from_the_first_event():
    assert set(RegisterEvent.__struct_fields__) == set(OTHERS)


@pytest.mark.parametrize("member", OTHERS)
def test_leaf_follows_every_member(member):
    changed = msgspec.structs.replace(EVENT, **{member: OTHERS[member]})
    assert register.leaf(changed) != register.leaf(EVENT)


def test_leaf_is_the_tree_s_hash_of_the_event():
    text = canonical.canonical_json(canonical.as_builtins(EVENT))
    assert register.leaf(EVENT) == merkle.leaf_hash(text)
    assert register.leaf(msgspec.json.decode(text, type=RegisterEvent)) == register.leaf(EVENT)


def test_event_without_canonical_form_is_refused():
    with pytest.raises(ContractError):
        register.leaf(msgspec.structs.replace(EVENT, diff={"weight": float("nan")}))


def test_actions_are_subject_and_verb_and_each_name_follows_its_value():
    for action in Action:
        assert re.fullmatch(r"[a-z_]+:[a-z_]+", action.value)
        assert action.name == action.value.replace(":", "_").upper()


def test_unknown_action_is_refused_when_read():
    data = canonical.as_builtins(EVENT) | {"action": "release:vanish"}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(data, RegisterEvent)
