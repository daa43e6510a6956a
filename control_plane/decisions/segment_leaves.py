"""The leaves of a registered segment, re-derived from the lake's files in sequence order."""

from datetime import date, timedelta
from typing import Any

import pyarrow.compute as pc

from bentos.contract.canonical import canonical_json
from bentos.contract.merkle import leaf_hash, merkle_root
from bentos.contract.merkle_proof import inclusion_proof
from bentos.decision_lake.columns import from_row
from bentos.decision_lake.files import COMPACTED, Lake
from bentos.decision_lake.parts import TIME_COLUMN, Part, segment_file
from control_plane.audit.models import SegmentRow
from control_plane.errors import ConflictError


def leaf_text(row: dict[str, Any]) -> bytes:
    """What a public row's leaf is the hash of: over the file's own columns, as older files have
    fewer than today's records."""
    return canonical_json({name: value for name, value in row.items() if name != TIME_COLUMN})


def rows_of(lake: Lake, segment: SegmentRow, day: date) -> list[dict[str, Any]]:
    """The segment's public rows in order; it began or ended on ``day`` or beside it."""
    rows = []
    for each in (day - timedelta(days=1), day, day + timedelta(days=1)):
        for path in lake.files(Part.PUBLIC, each.isoformat()):
            rows += _in_file(lake, path, segment)
    return sorted(rows, key=lambda row: int(row["seq"]))


def inclusion(rows: list[dict[str, Any]], segment: SegmentRow, seq: int) -> list[bytes]:
    """The path of one decision's leaf to the segment's registered root.

    Raises ConflictError when the files do not give that root any more.
    """
    leaves = [leaf_hash(leaf_text(row)) for row in rows]
    if len(leaves) != segment.count or merkle_root(leaves).hex() != segment.root:
        name = segment_file(segment.gateway, segment.boot, segment.first_seq)
        raise ConflictError(
            f"the lake does not give the registered root of segment {name}; "
            "signalbox decisions verify says what was altered"
        )

    def node(level: int, index: int) -> bytes:
        return merkle_root(leaves[index << level : (index + 1) << level])

    return inclusion_proof(node, seq - segment.first_seq, len(leaves))


def _in_file(lake: Lake, path: str, segment: SegmentRow) -> list[dict[str, Any]]:
    name = path.rpartition("/")[2].removesuffix(".parquet")
    own = segment_file(segment.gateway, segment.boot, segment.first_seq)
    if name != own and not name.startswith(COMPACTED):
        return []
    table = lake.read(path)
    of_boot = pc.and_(
        pc.equal(table["gateway"], segment.gateway), pc.equal(table["boot"], segment.boot)
    )
    in_range = pc.and_(
        pc.greater_equal(table["seq"], segment.first_seq),
        pc.less_equal(table["seq"], segment.last_seq),
    )
    kept = table.filter(pc.and_(of_boot, in_range))
    return [from_row(row, kept.schema) for row in kept.to_pylist()]
