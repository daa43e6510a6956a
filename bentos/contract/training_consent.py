"""What a merchant consented to, and who of their customers is left out.

Shopify's terms bar training on a shop's data but for the merchant's written consent, for their
own data; its rules for protected customer data ask that a customer's opt-outs are honoured (of
data sale; of automated decisions with legal or similarly significant effect). A consent is given
for one purpose and one use, because the law tells these apart: who allows a model to be trained
has not allowed it to decide about a person.
"""

import re
from enum import StrEnum
from typing import Any

import msgspec

from bentos.contract.errors import ContractError

SHA256_HEX = re.compile(r"[0-9a-f]{64}\Z")
GID = re.compile(r"gid://shopify/Customer/([0-9]{1,20})\Z")
MAX_TEXT_VERSION = 100
CUSTOMER = "customer"


class Purpose(StrEnum):
    """What it is for: the model it trains, or that decides."""

    RECOMMENDATIONS = "recommendations"
    FRAUD = "fraud"
    PRICING = "pricing"


class Use(StrEnum):
    """What may be done for that purpose."""

    TRAIN = "train"
    AUTOMATED_DECISION = "automated_decision"


class ExclusionKind(StrEnum):
    """Why a customer is left out: on the merchant's own list, or by an opt-out of theirs."""

    EXCLUDED = "excluded"
    DATA_SALE = "data_sale"
    AUTOMATED_DECISION = "automated_decision"


OUT_OF_TRAINING = frozenset({ExclusionKind.EXCLUDED, ExclusionKind.DATA_SALE})
"""Whose rows are in nobody's training. Who may not be decided about automatically may still be
learnt from, unless they are on one of these too."""
OUT_OF_DECISIONS = frozenset({ExclusionKind.EXCLUDED, ExclusionKind.AUTOMATED_DECISION})
"""About whom no model decides."""


class ConsentRef(msgspec.Struct, frozen=True, kw_only=True):
    """A consent as a manifest names it. ``given_at`` is RFC 3339 UTC, ``text_digest`` the SHA-256
    hex of the text that was agreed to."""

    id: str
    purpose: Purpose
    use: Use
    text_version: str
    text_digest: str
    given_at: str

    def basis(self) -> str:
        """In words, for the manifest's ``consent_basis``."""
        return (
            f"merchant's consent {self.id} to {self.use.value} {self.purpose.value}: text "
            f"{self.text_version} (sha256 {self.text_digest}), given {self.given_at}"
        )


def check_text(text_version: str, text_digest: str) -> None:
    """Raise ContractError unless a consent's text is named by version and digest."""
    if not 0 < len(text_version) <= MAX_TEXT_VERSION or not text_version.isprintable():
        expected = f"1 to {MAX_TEXT_VERSION} printable characters"
        raise ContractError("text_version", expected, text_version)
    if not SHA256_HEX.match(text_digest):
        expected = "the SHA-256 of the consent's text, 64 hex digits"
        raise ContractError("text_digest", expected, text_digest)


def customer_id(raw: Any) -> str:
    """A raw customer id as it is pseudonymised: a gid's number, an e-mail address in lower case,
    anything else as it is. The sync and order files bring ids into the same form."""
    text = str(raw).strip()
    gid = GID.match(text)
    if gid is not None:
        return gid.group(1)
    return text.lower() if "@" in text else text
