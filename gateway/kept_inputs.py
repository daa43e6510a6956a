"""What a decision keeps of the inputs: columns by name, without those to be dropped.

Of a version that reads feature views also what was looked up, as the store held it and under
the source its schema names (``view:<view>@<version>:<field>``), null where nothing was known:
packed by that schema again, it gives the tensors the version was sent.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from bentos.contract.features import FeatureSchema, looked_up
from bentos.contract.rows import Row, attribute, reader
from bentos.contract.signature import ModelSignature, Redaction
from bentos.contract.view_packing import Known


class KeptInputs:
    """Of one model, or of one version of it that reads feature views."""

    __slots__ = ("_columns", "_looked_up", "_values")

    def __init__(self, signature: ModelSignature, schema: FeatureSchema | None = None) -> None:
        kept = [s.name for s in signature.inputs if s.redaction is not Redaction.DROP]
        found = {} if schema is None else looked_up(schema)
        self._values = reader(kept, [spec.name for spec in signature.inputs])
        self._looked_up = tuple(found.values())
        # Written as a mapping of names to lists, and made in half the time of one.
        self._columns = msgspec.defstruct(
            f"{signature.model}_kept",
            [(attribute(name), tuple, msgspec.field(name=name)) for name in (*kept, *found)],
        )

    def columns(self, rows: Sequence[Row]) -> Any:
        """What encodes as ``{name: [a value per row, …], …}``."""
        return self._columns(*zip(*[self._values(row) for row in rows], strict=True))

    def columns_known(self, rows: Sequence[Row], known: Known) -> Any:
        """The same with what was looked up: per row, per view of the schema, field → value."""
        given = zip(*[self._values(row) for row in rows], strict=True)
        found = [tuple([row[at].get(name) for row in known]) for at, name in self._looked_up]
        return self._columns(*given, *found)
