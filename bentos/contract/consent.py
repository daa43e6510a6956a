"""What a visitor allowed, as Shopify's Customer Privacy API tells it, in four bits.

    analytics 1 · marketing 2 · preferences 4 · sale_of_data 8

A personalised answer needs three of them. It uses what is known of the visitor
(preferences), is written down under the visitor's pseudonym and read in analysis
(analytics), and ends where the visitor objects to data being passed on (sale_of_data, which
is also what ``Sec-GPC: 1`` says). Marketing decides about nothing here.
"""

from typing import Any

from bentos.contract.errors import ContractError

ANALYTICS, MARKETING, PREFERENCES, SALE_OF_DATA = 1, 2, 4, 8
ALL = ANALYTICS | MARKETING | PREFERENCES | SALE_OF_DATA
NEEDED = ANALYTICS | PREFERENCES | SALE_OF_DATA
_NAMES = {ANALYTICS: "analytics", PREFERENCES: "preferences", SALE_OF_DATA: "sale_of_data"}


def parse_consent(value: Any, field: str = "consent") -> int:
    """An integer of 0 to 15, or its decimal digits as text; raises ContractError."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 2:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= ALL:
        raise ContractError(
            field, "0 to 15 (analytics 1, marketing 2, preferences 4, sale_of_data 8)", value
        )
    return value


def personalises(consent: int) -> bool:
    """Whether these bits allow a personalised answer."""
    return consent & NEEDED == NEEDED


def missing(consent: int) -> list[str]:
    """What a personalised answer still lacks, by name."""
    return [name for bit, name in _NAMES.items() if not consent & bit]
