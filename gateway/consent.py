"""Whether an answer may be about the visitor, and what becomes of a call when it may not.

Without consent a call still gets its answer, the same for everybody: personal inputs and
what hangs on them are replaced by their defaults, nobody is bucketed, nothing of the
visitor is written down.
"""

from collections.abc import Mapping
from typing import Any

from bentos.contract.consent import parse_consent, personalises
from bentos.contract.errors import ContractError
from bentos.contract.rows import attribute, frozen_default
from bentos.contract.signature import ModelSignature, Redaction, entities_of
from gateway.query import Query

HEADER = b"x-signalbox-consent"
GPC = b"sec-gpc"
_GPC_ON = b"1"


def is_personalised(headers: Mapping[bytes, bytes], told: Any, *, storefront: bool) -> bool:
    """Whether the visitor allows it: every word that came with the call must say so.

    ``told`` is the consent in the body or a parameter, None if there is none. Silence is a
    no in a storefront, and the merchant's own affair on a server's key. Raises ContractError.
    """
    header = headers.get(HEADER)
    words = (
        []
        if header is None
        else [parse_consent(header.decode("latin-1"), "header X-Signalbox-Consent")]
    )
    if told is not None:
        words.append(parse_consent(told))
    if _GPC_ON in headers.get(GPC, b""):  # in any of its lines
        return False
    return all(personalises(word) for word in words) if words else not storefront


class PersonalInputs:
    """A model's inputs that are about a person, with what stands in for them.

    An id whose entity is looked up may be taken away even where it is required: features of an
    entity that is not named have their defaults. An id that is public (a product's) stays.
    """

    __slots__ = ("_defaults", "_required")

    def __init__(self, signature: ModelSignature) -> None:
        personal = [spec for spec in signature.inputs if spec.redaction is not Redaction.PUBLIC]
        ids = {entity.input for entity in entities_of(signature)}
        self._required = [
            s.name for s in personal if s.required and s.default is None and s.name not in ids
        ]
        self._defaults = [(attribute(s.name), frozen_default(s.default)) for s in personal]

    def strip(self, query: Query) -> None:
        """Make a call impersonal; ContractError where the model cannot answer that way."""
        if self._required:
            raise ContractError(
                "consent",
                "analytics, preferences and sale_of_data "
                f"(the inputs {self._required} are personal and have no default)",
                "less, or Sec-GPC: 1",
                "Ask for consent, or ask a model that can answer without.",
            )
        for row in query.rows:
            for name, default in self._defaults:
                setattr(row, name, default)
        query.targeting_key = None
        query.attributes = {}
        query.personalised = False
