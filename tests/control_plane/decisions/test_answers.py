"""What is said of a decision's answer names what a decision has, and nothing else."""

import msgspec
import pytest

from bentos.contract.decision import Decision, Latency, PersonalPart, ShadowOutcome
from control_plane.decisions.answers import DecisionOut, LatencyOut, PersonalOut, ShadowOut


@pytest.mark.parametrize(
    ("struct", "answer", "kept_back"),
    [
        (Decision, DecisionOut, set()),
        (Latency, LatencyOut, set()),
        (ShadowOutcome, ShadowOut, set()),
        # Who has the salt could try out what the personal part was.
        (PersonalPart, PersonalOut, {"salt"}),
    ],
)
def test_the_answer_has_the_members_of_the_record(struct, answer, kept_back):
    recorded = {field.name for field in msgspec.structs.fields(struct)}
    described = {field.alias or name for name, field in answer.model_fields.items()}
    assert described == recorded - kept_back
