"""A plan in which a step takes what no earlier one gives is refused before anything runs."""

from typing import Any

import pytest

from bentos.contract.errors import ContractError
from tests.training.nightly.made_up import Number, Word, steps
from training.nightly.night import Night
from training.nightly.step import Step, check_plan

PLAN = steps(lambda: 1, str, lambda n, w: n)


def takes_a_word(night: Night, word: Word) -> Number:
    return Number(value=len(word.text))


def tells_nothing(night: Night, number: Number) -> Any:
    return number


def test_a_plan_that_fits_is_taken():
    check_plan(PLAN)


@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        (Step(name="one", needs=(), run=takes_a_word, gives=Number), "a name of its own"),
        (Step(name="four", needs=("five",), run=takes_a_word, gives=Number), "earlier steps only"),
        (Step(name="four", needs=("one",), run=takes_a_word, gives=Number), "Word"),
        (Step(name="four", needs=("two",), run=takes_a_word, gives=Word), "Number"),
        (Step(name="four", needs=("one",), run=tells_nothing, gives=Number), "Any"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(step, complaint):
    with pytest.raises(ContractError, match=complaint):
        check_plan((*PLAN, step))


def test_a_key_follows_name_arguments_inputs_and_what_decides():
    step = Step(name="one", needs=(), run=takes_a_word, gives=Number)
    other = Step(name="one", needs=(), run=takes_a_word, gives=Number, arguments=("fraud",))
    decided = Step(name="one", needs=(), run=takes_a_word, gives=Number, decides={"seed": 1})
    keys = {step.key({}), step.key({"two": "a"}), other.key({}), decided.key({})}
    assert len(keys) == 4
    assert step.key({}) == step.key({})
