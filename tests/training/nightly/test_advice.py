"""What a person may overrule is said, and nothing else can be."""

import pytest

from bentos.contract.errors import ContractError
from training.nightly import advice


def test_what_only_looks_wrong_may_be_meant():
    for check in advice.OVERRULED:
        assert f"--accept '{check}'" in advice.advice(check)
    assert advice.checked(("duplicated day", "duplicated day")) == ("duplicated day",)


@pytest.mark.parametrize("check", [advice.PRICE, advice.CURRENCY, advice.CLOCK, "anything"])
def test_what_would_make_figures_wrong_cannot_be(check):
    assert "--accept" not in advice.advice(check)
    with pytest.raises(ContractError, match="--accept: expected one of"):
        advice.checked((check,))
