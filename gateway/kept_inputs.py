"""What a decision keeps of the inputs: values by name, without those to be dropped.

Of a version that reads feature views also what was looked up, as the store held it and under
the source its schema names (``view:<view>@<version>:<field>``), null where nothing was known:
packed by that schema again, it gives the tensors the version was sent.
"""

from collections.abc import Sequence
from typing import Any

from bentos.contract.features import FeatureSchema, looked_up
from bentos.contract.rows import Row, reader
from bentos.contract.signature import ModelSignature, Redaction
from bentos.contract.view_packing import Known

KeptRows = list[tuple[Any, ...]]


class KeptInputs:
    """Of one model, or of one version of it that reads feature views."""

    __slots__ = ("_looked_up", "_values", "model", "names")

    def __init__(self, signature: ModelSignature, schema: FeatureSchema | None = None) -> None:
        kept = [s.name for s in signature.inputs if s.redaction is not Redaction.DROP]
        found = {} if schema is None else looked_up(schema)
        self._values = reader(kept, [spec.name for spec in signature.inputs])
        self._looked_up = tuple(found.values())
        self.model = signature.model
        self.names = (*kept, *found)
        "Of a row's values, in their order."

    def of(self, rows: Sequence[Row]) -> KeptRows:
        """Each row's values of ``names``."""
        return [self._values(row) for row in rows]

    def of_known(self, rows: Sequence[Row], known: Known) -> KeptRows:
        """The same with what was looked up: per row, per view of the schema, field → value."""
        return [
            (*self._values(row), *[views[at].get(name) for at, name in self._looked_up])
            for row, views in zip(rows, known, strict=True)
        ]
