"""What stops a step: bad input (exit 2) or a broken build (exit 1)."""

from typing import Any

from bentos.contract.errors import ContractError


class OrderError(ContractError):
    """An order file that cannot be read as its mapping says: file, column and row in ``field``.

    ``rows``: the first of those that are so, without customers; ``check``: what a night calls it.
    """

    check = ""
    column = ""
    rows: tuple[dict[str, Any], ...] = ()


class ConsentError(ContractError):
    """No consent in force allows these orders to be used so."""


class StoreError(RuntimeError):
    """The online store could not be filled; gateways go on with what they have."""


class ParityError(RuntimeError):
    """The ONNX graph does not answer as the model it was made from. The build stops."""
