"""A feature view: a definition in Ibis over order lines, under a name and a version.

Another meaning is another version. What a version means is its digest, over the SQL that its
definition compiles to and over the columns that come out.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from bentos.contract import canonical, feature_view
from training.features import dialects

ENTITY = "entity"
"""The column that names what a row is about."""
AS_OF = "as_of"
"""The column of Parquet that says what moment values hold for."""


# Compared by identity: to compare two definitions in Ibis is to write a third.
@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureView:
    """``expr`` gives one row an ``entity`` (text) and one column a field.

    ``fields``: what each means, in the order of its column. ``ttl``: how long a value is
    believed. ``about``: one sentence for the documentation.
    """

    name: str
    entity: str
    version: int
    expr: Any
    ttl: timedelta
    fields: dict[str, str]
    about: str

    @property
    def tag(self) -> str:
        """``<name>@<version>``."""
        return f"{self.name}@{self.version}"

    @cached_property
    def columns(self) -> dict[str, str]:
        """Column → its type in Ibis' words, the entity first."""
        return {name: str(kind) for name, kind in self.expr.schema().items()}

    @cached_property
    def digest(self) -> str:
        """SHA-256 hex over the canonical SQL of DuckDB and the columns."""
        sql = dialects.canonical_sql(self.expr)
        return canonical.digest({"sql": sql, "schema": [list(c) for c in self.columns.items()]})

    @property
    def declared(self) -> feature_view.FeatureView:
        """As schemas declare it and stores keep it."""
        return feature_view.FeatureView(
            name=self.name,
            version=self.version,
            entity=self.entity,
            ttl_s=self.ttl.total_seconds(),
            digest=self.digest,
        )
