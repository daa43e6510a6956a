import msgspec
import pytest

from bentos.contract.errors import ContractError
from bentos.contract.redaction import (
    MAX_DECISIONS,
    redacted_ids,
    redaction_details,
    segment_entity,
)
from bentos.contract.register import Action, Actor, ActorType, Outcome, RegisterEvent

EVENT = RegisterEvent(
    seq=1,
    id="0193571a-7b00-7c4f-8a21-5d2f4e6a9b01",
    at="2026-11-22T08:30:00.123456Z",
    actor=Actor(type=ActorType.SERVICE, id="erasure", auth_method="api_key"),
    action=Action.DECISION_REDACT,
    entity=segment_entity("g1", "boot", 0),
    outcome=Outcome.ALLOWED,
    diff=redaction_details(["b", "a"]),
)


def test_a_redaction_names_its_segment_and_its_decisions():
    assert EVENT.entity == "segment:g1/boot/0"
    assert EVENT.diff == {"decisions": ["a", "b"]}
    assert redacted_ids([EVENT]) == {"a", "b"}


@pytest.mark.parametrize(
    "change", [{"outcome": Outcome.DENIED}, {"action": Action.SEGMENT_REGISTER}]
)
def test_only_a_redaction_that_was_done_excuses(change):
    other = msgspec.structs.replace(EVENT, **change)
    assert redacted_ids([other]) == frozenset()
    assert redacted_ids([other, EVENT]) == {"a", "b"}


@pytest.mark.parametrize(
    "ids", [[], ["a", "a"], [str(number) for number in range(MAX_DECISIONS + 1)]]
)
def test_none_too_many_or_one_twice_is_refused(ids):
    with pytest.raises(ContractError, match="decisions"):
        redaction_details(ids)
