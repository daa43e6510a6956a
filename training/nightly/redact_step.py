"""The first step of a night: whoever asked to be erased is, before anything is made of orders."""

from bentos.contract.errors import ContractError
from training.nightly.errors import BusyError, PassingError
from training.nightly.night import Night
from training.nightly.outputs import Redacted


def redact(night: Night) -> Redacted:
    """Honour what was asked for. A request that cannot be honoured ends the night here: nothing
    is trained on whom it names, and what served goes on serving."""
    from training.redaction import erased, honouring  # noqa: PLC0415 - DuckDB, LMDB

    try:
        honoured = honouring.honour(night.settings)
    except BusyError as error:
        raise PassingError(str(error)) from error
    for name, problem in honoured.problems.items():
        expected = "a request that can be honoured"
        hint = f"{problem}. Mend or remove it, then: python -m training redact"
        raise ContractError(f"redaction {name}", expected, "one that cannot", hint)
    return Redacted(
        honoured=tuple(record.id for record in honoured.made),
        digest=erased.load(night.settings.lake).digest,
    )
