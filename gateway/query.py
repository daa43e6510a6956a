"""A decoded inference request, the same whichever protocol it came in."""

from typing import Any

import msgspec

from bentos.contract.errors import ContractError
from bentos.contract.oip import InferRequest
from bentos.contract.rows import Row
from gateway.feature_lookup import Entities
from gateway.kept_inputs import KeptInputs, KeptRows

MAX_DEADLINE_MS = 60_000.0
MIN_DEADLINE_MS = 1.0


class Query(msgspec.Struct):
    """Validated rows and what routing needs. ``infer`` is the OIP request, for its answer.

    ``personalised`` false: the visitor did not consent, so nothing may be looked up, bucketed
    or kept about them (``consent.py``). ``entities`` are pseudonyms, of a model whose signature
    names entities. ``seen``: the inputs to be kept, as the last version asked saw them, and what
    names them, where it read feature views.
    """

    rows: list[Row]
    targeting_key: Any
    attributes: dict[str, Any] = msgspec.field(default_factory=dict)
    pin: str | None = None
    timeout_ms: float | None = None
    infer: InferRequest | None = None
    consent: Any = None
    personalised: bool = True
    entities: Entities | None = None
    seen: tuple[KeptInputs, KeptRows] | None = None


def check_timeout(value: Any, field_name: str) -> float:
    """A caller's deadline in milliseconds, within sane limits; raises ContractError."""
    try:
        milliseconds = float(value)
    except (TypeError, ValueError):
        raise ContractError(field_name, "a number of milliseconds", value) from None
    if not MIN_DEADLINE_MS <= milliseconds <= MAX_DEADLINE_MS:
        raise ContractError(
            field_name, f"{MIN_DEADLINE_MS:g} to {MAX_DEADLINE_MS:g} milliseconds", value
        )
    return milliseconds
