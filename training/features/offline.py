"""The offline store: a view's values at one moment, as Parquet with digests.

``<lake>/features/<view>/<version>/<moment>/`` holds ``values.parquet`` (one row an entity, by
entity; ``as_of`` beside its fields) and ``partition.json``. Customers are pseudonyms, products
their numbers. The same lines, definition and moment give the same bytes on any number of
threads.
"""
# ruff: noqa: S608 - paths are quoted by order_file.literal, SQL is Ibis'

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bentos.contract import canonical
from bentos.contract.errors import ContractError
from training import atomic
from training.features import plans, recorded
from training.features.coded_lines import CodedLines
from training.features.view import AS_OF, ENTITY, FeatureView
from training.fingerprint import file_digest, key_of, lock_digest, source_digest
from training.order_file import literal

VALUES_FILE = "values.parquet"
PARTITION_FILE = "partition.json"
CODE = "training/features"
BATCH = 10_000
_VALUES = "computed_values"


class Partition(msgspec.Struct, frozen=True, kw_only=True):
    """A view's values at one moment. ``definition``: the view's digest; ``code``: a digest of
    what computed it, empty where that was not yet written; ``lines``: SHA-256 of the order lines;
    ``parts``: file → SHA-256, ``digest`` over them; ``as_of``: RFC 3339."""

    view: str
    definition: str
    as_of: str
    lines: str
    rows: int
    parts: dict[str, str]
    digest: str
    code: str = ""
    schema: int = 1


def folder_of(root: Path, view: FeatureView, as_of: datetime) -> Path:
    """Where a partition lies below the lake's ``features``; the moment is naive UTC."""
    return root / view.name / str(view.version) / f"{as_of:%Y%m%dT%H%M%S.%fZ}"


def moments(root: Path, view: FeatureView) -> tuple[datetime, ...]:
    """The moments a view has values for, earliest first (naive UTC)."""
    place = root / view.name / str(view.version)
    found = place.glob(f"*/{PARTITION_FILE}")
    return tuple(
        datetime.strptime(path.parent.name, "%Y%m%dT%H%M%S.%fZ")  # noqa: DTZ007 - naive UTC
        for path in sorted(found)
    )


def write(root: Path, view: FeatureView, lines: CodedLines, as_of: datetime) -> Partition:
    """Compute a view's values from lines before ``as_of`` (naive UTC), unless they lie there.

    Raises ContractError for a view that no longer means what its version was recorded as.
    """
    recorded.check(view)
    place = folder_of(root, view, as_of)
    done = _same(place, view, lines.digest)
    if done is not None:
        return done
    with atomic.folder(place) as partial:
        rows = _compute(view, lines, as_of, partial / VALUES_FILE)
        parts = {VALUES_FILE: file_digest(partial / VALUES_FILE)}
        partition = Partition(
            view=view.tag,
            definition=view.digest,
            as_of=as_of.replace(tzinfo=UTC).isoformat(timespec="microseconds"),
            lines=lines.digest,
            rows=rows,
            parts=parts,
            digest=canonical.digest(parts),
            code=_code(),
        )
        content = msgspec.json.format(msgspec.json.encode(partition), indent=2)
        (partial / PARTITION_FILE).write_bytes(content)
    return partition


def read(root: Path, view: FeatureView, as_of: datetime) -> Path:
    """The Parquet file of a partition, once it is what its record says and of this definition.

    Raises ContractError for one of another definition, or damaged, or absent.
    """
    place = folder_of(root, view, as_of)
    field = f"features {view.tag} as of {as_of}"
    try:
        partition = _decode(place)
    except (OSError, msgspec.MsgspecError) as error:
        raise ContractError(field, "values to be there", str(error), "Materialize them.") from error
    if (partition.view, partition.definition) != (view.tag, view.digest):
        found = f"{partition.view} of the definition {partition.definition}"
        hint = "Values of another definition are other features: materialize this one."
        raise ContractError(field, f"the definition {view.digest}", found, hint)
    for name, digest in partition.parts.items():
        if file_digest(place / name) != digest:
            raise ContractError(f"{field} {name}", f"the digest {digest}", "other bytes")
    return place / VALUES_FILE


def entries(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Entity and fields of every row, in bounded memory; what is null stays null."""
    from pyarrow import parquet  # noqa: PLC0415 - heavy, only where values are read

    with parquet.ParquetFile(path) as file:
        columns = [name for name in file.schema_arrow.names if name != AS_OF]
        for batch in file.iter_batches(BATCH, columns=columns):
            for row in batch.to_pylist():
                yield row.pop(ENTITY), row


def _compute(view: FeatureView, lines: CodedLines, as_of: datetime, path: Path) -> int:
    lines.attach()
    connection = lines.connection
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_VALUES} AS {plans.query(view, as_of)}")
    threads = connection.execute("SELECT current_setting('threads')").fetchall()[0][0]
    # One thread: row groups, and so the bytes, come out the same each time.
    connection.execute("SET threads = 1")
    try:
        connection.execute(
            f"COPY (SELECT *, TIMESTAMP {literal(str(as_of))} AS {AS_OF} FROM {_VALUES} "
            f"ORDER BY {ENTITY}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)"
        )
        rows = connection.execute(f"SELECT count(*) FROM {_VALUES}").fetchall()[0][0]
    finally:
        connection.execute(f"SET threads = {threads}")
        connection.execute(f"DROP TABLE {_VALUES}")
    return int(rows)


def _same(place: Path, view: FeatureView, lines: str) -> Partition | None:
    """What lies there, if it is whole and made of the same."""
    try:
        partition = _decode(place)
        whole = all(file_digest(place / name) == d for name, d in partition.parts.items())
    except (OSError, msgspec.MsgspecError):
        return None
    made_of = (partition.definition, partition.lines, partition.code)
    return partition if whole and made_of == (view.digest, lines, _code()) else None


def _code() -> str:
    """A view is computed by its own SQL or by a plan, over lines with codes, by the DuckDB of the
    lock: any of them may be mended, and what it gave before is not the same then."""
    return key_of(code=source_digest(CODE), lock=lock_digest())


def _decode(place: Path) -> Partition:
    return msgspec.json.decode((place / PARTITION_FILE).read_bytes(), type=Partition)
