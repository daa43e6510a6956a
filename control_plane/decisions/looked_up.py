"""What feature views held when a decision was made, as it recorded it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from bentos.contract.errors import ContractError
from bentos.contract.features import FeatureSchema, looked_up, views_of
from bentos.contract.view_packing import Known
from bentos.decision_lake.sayable import said

Columns = Mapping[str, Sequence[Any]]


def known_of(schema: FeatureSchema, inputs: Columns, rows: int) -> tuple[Known, list[str]]:
    """What the packer of a schema is handed: per row, per view, field → value; and the sources
    that stand nowhere among the inputs, whose features take their defaults.

    Raises ContractError for a value that no store could hold.
    """
    known: list[list[dict[str, Any]]] = [[{} for _ in views_of(schema)] for _ in range(rows)]
    missing = []
    for source, (place, field) in looked_up(schema).items():
        if source not in inputs:
            missing.append(source)
            continue
        for row, value in zip(known, inputs[source], strict=True):
            row[place][field] = _value(source, value)
    return known, missing


def _value(source: str, value: Any) -> Any:
    """A number, a list of numbers, or null; what JSON cannot say was recorded as text."""
    if isinstance(value, list):
        return [_value(source, item) for item in value]
    number = said(value)
    if number is None or isinstance(number, bool | int | float):
        return number
    raise ContractError(f"inputs.{source}", "a number, a list of numbers, or null", value)
