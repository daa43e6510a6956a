import pytest

from bentos.contract.consent import ALL, MARKETING, NEEDED, missing, parse_consent, personalises
from bentos.contract.errors import ContractError


@pytest.mark.parametrize(("given", "bits"), [(0, 0), ("0", 0), (13, 13), ("13", 13), ("15", ALL)])
def test_bits_are_a_number_or_its_digits(given, bits):
    assert parse_consent(given) == bits


@pytest.mark.parametrize(
    "given", [-1, 16, "16", "", "yes", "1.0", 1.0, True, None, [1], "٣", "013"]
)
def test_anything_else_names_the_field(given):
    with pytest.raises(ContractError) as caught:
        parse_consent(given, "header X-Signalbox-Consent")
    assert caught.value.field == "header X-Signalbox-Consent"


def test_only_analytics_preferences_and_sale_of_data_together_personalise():
    allowed = [bits for bits in range(ALL + 1) if personalises(bits)]
    assert allowed == [NEEDED, NEEDED | MARKETING]


def test_what_is_missing_is_named():
    assert missing(0) == ["analytics", "preferences", "sale_of_data"]
    assert missing(4 | 8) == ["analytics"]
    assert missing(ALL) == []
