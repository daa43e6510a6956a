"""Many small segment files of a day and model become one, clustered by subject.

Rows stay as they are, and say themselves which boot and number they have, so every registered
root is still re-derived. A compacted file names the files it holds (``sources`` in its metadata):
its public half is written last, and makes it valid; only then do the sources go. Killed anywhere,
the next pass removes what is half done or held twice.
"""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
from sqlmodel import select

from bentos.contract.register import Action
from bentos.decision_lake.files import COMPACTED, SOURCES, Lake
from bentos.decision_lake.parts import Part, parse_partition, partition_of, segment_file
from control_plane.audit.models import SegmentRow
from control_plane.audit.service import Change, record
from control_plane.db import Database
from control_plane.decisions.erasure import UPKEEP, Erasing
from control_plane.decisions.lease import Lease
from control_plane.decisions.store import personal_path

SETTLED = timedelta(days=2)
MAX_ROWS = 600_000
_ORDER = [("subject", "ascending"), ("gateway", "ascending"), ("boot", "ascending")]


@dataclass(frozen=True)
class Compacted:
    """One new file of a day and model."""

    day: str
    model: str
    files: int
    rows: int


def is_due(lake: Lake, today: date) -> bool:
    """Whether a settled day has files to make one of."""
    last = (today - SETTLED).isoformat()
    for day in (each for each in lake.days(Part.PUBLIC) if each <= last):
        models = Counter(
            parse_partition(path)[1]
            for path in lake.files(Part.PUBLIC, day)
            if not _stem(path).startswith(COMPACTED)
        )
        if any(count > 1 for count in models.values()):
            return True
    return False


def compact(lake: Lake, database: Database, today: date) -> list[Compacted]:
    """Compact every settled day; what came. Raises ConflictError while files are rewritten."""
    with database.read() as session:
        names = {
            segment_file(each.gateway, each.boot, each.first_seq)
            for each in session.exec(select(SegmentRow))
        }
    # These have been through every erasure then; what is registered meanwhile waits.
    Erasing(lake, database).run()
    last = (today - SETTLED).isoformat()
    found = []
    lease = Lease(database)
    with lease.hold():
        for day in (each for each in lake.days(Part.PUBLIC) if each <= last):
            models = {parse_partition(path)[1] for path in lake.files(Part.PUBLIC, day)}
            for model in sorted(models):
                lease.renew()
                found += _partition(lake, lease, day, model, names)
    _record(database, found)
    return found


def _partition(lake: Lake, lease: Lease, day: str, model: str, names: set[str]) -> list[Compacted]:
    _clean(lake, day, model)
    paths = [path for path in lake.files(Part.PUBLIC, day, model) if _stem(path) in names]
    found = []
    for some in _groups(lake, paths):
        lease.renew()
        rows = _merge(lake, some, day, model)
        found.append(Compacted(day, model, len(some), rows))
    return found


def _clean(lake: Lake, day: str, model: str) -> None:
    """Finish or undo what a killed pass left."""
    valid = {_stem(path): path for path in lake.files(Part.PUBLIC, day, model)}
    for path in lake.files(Part.PERSONAL, day, model):
        if _stem(path).startswith(COMPACTED) and _stem(path) not in valid:
            lake.remove(path)
    for path in valid.values():
        if _stem(path).startswith(COMPACTED):
            for source in lake.sources(path):
                _remove_pair(lake, path.replace(_stem(path), source))


def _groups(lake: Lake, paths: list[str]) -> list[list[str]]:
    """Files of one schema together, so that absent columns stay absent; at most ``MAX_ROWS``."""
    groups: dict[str, list[list[str]]] = {}
    counts: dict[str, int] = {}
    for path in paths:
        with_schema = lake.open(path)
        key = with_schema.schema_arrow.remove_metadata().to_string(show_field_metadata=True)
        rows = with_schema.metadata.num_rows
        with_schema.close()
        some = groups.setdefault(key, [[]])
        if some[-1] and counts[key] + rows > MAX_ROWS:
            some.append([])
        counts[key] = rows + (counts[key] if some[-1] else 0)
        some[-1].append(path)
    return [each for some in groups.values() for each in some if len(each) > 1]


def _merge(lake: Lake, paths: list[str], day: str, model: str) -> int:
    public = pa.concat_tables([lake.read(path) for path in paths]).combine_chunks()
    parts = [personal_path(path) for path in paths]
    tables = [lake.read(path) for path in parts if lake.exists(path)]
    personal = pa.concat_tables(tables).combine_chunks() if tables else None
    subjects = pa.nulls(public.num_rows, pa.string())
    if personal is not None:
        at = pc.index_in(public["decision_id"], personal["decision_id"])
        subjects = pc.take(personal["subject"], at)
    keyed = public.append_column("subject", subjects)
    public = public.take(pc.sort_indices(keyed, sort_keys=[*_ORDER, ("seq", "ascending")]))
    sources = {SOURCES: json.dumps([_stem(path) for path in paths]).encode()}
    name, partition = f"{COMPACTED}{uuid4().hex}", partition_of(day, model)
    if personal is not None:
        # Those that were not erased, in the public rows' order.
        order = pc.drop_null(pc.index_in(public["decision_id"], personal["decision_id"]))
        _write(lake, Part.PERSONAL, partition, name, personal.take(order), sources)
    _write(lake, Part.PUBLIC, partition, name, public, sources)
    for path in paths:
        _remove_pair(lake, path)
    return int(public.num_rows)


def _write(
    lake: Lake, part: Part, partition: str, name: str, table: Any, sources: dict[bytes, bytes]
) -> None:
    marked = table.replace_schema_metadata({**(table.schema.metadata or {}), **sources})
    lake.replace(lake.path(part, partition, name), marked)


def _remove_pair(lake: Lake, public: str) -> None:
    """The personal half last: a public row without it would look tampered with."""
    lake.remove(public)
    lake.remove(personal_path(public))


def _record(database: Database, found: list[Compacted]) -> None:
    if not found:
        return
    days = sorted({each.day for each in found})
    details = {
        "days": [days[0], days[-1]],
        "files": sum(each.files for each in found),
        "into": len(found),
        "rows": sum(each.rows for each in found),
    }
    with database.write() as session:
        change = Change(action=Action.DECISION_COMPACT, entity="decisions", details=details)
        record(session, UPKEEP, change)


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".parquet")
