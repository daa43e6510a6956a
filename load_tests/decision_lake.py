"""A lake of generated decisions: the real schema, file by file as compaction leaves them.

Values are random, so nothing compresses better than it would in earnest; the hashes are not those
of the rows, as nothing here is verified.
"""

import dataclasses
import json
import math
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb

from bentos.decision_lake.files import Lake
from bentos.decision_lake.layout import ROW_GROUP_ROWS
from bentos.decision_lake.parts import PERSONAL, PUBLIC, Part, partition_of

MODELS = ("fraud", "pricing", "recommendations")
SUBJECTS = 1_000_000
SCHEMAS = {Part.PERSONAL: PERSONAL, Part.PUBLIC: PUBLIC}
# UUIDv7 (RFC 9562 §5.7) of the row's time; everything else as a gateway would have written it.
ROWS = """
WITH raw AS (
    SELECT range AS seq, $start::TIMESTAMPTZ + to_microseconds(range * $gap_us) AS time,
           md5($seed || range) AS noise, md5(range || $seed) AS more,
           (random() * $subjects)::BIGINT AS shopper
    FROM range($rows)
)
SELECT
    printf('%s-%s-7%s-a%s-%s', substr(millis, 1, 8), substr(millis, 9, 4), substr(noise, 1, 3),
           substr(noise, 4, 3), substr(noise, 7, 12)) AS decision_id,
    'demo-shop' AS shop,
    strftime(time AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') AS at,
    'gateway-1.' || (seq % 2) AS gateway, substr(md5($seed), 1, 12) AS boot, seq, $model AS model,
    CASE WHEN canary THEN '01995a2b-7c00-7000-8000-000000000001' END AS release_id,
    CASE WHEN canary THEN 1 END AS step, [1, 4711] AS revision,
    version AS assigned_version, version AS served_version,
    CASE WHEN canary AND bucket < 500 THEN 'canary' ELSE 'stable' END AS variant,
    CASE WHEN canary THEN 'SPLIT' ELSE 'STATIC' END AS reason,
    CASE WHEN canary THEN bucket END AS bucket,
    200 AS status, 1 AS rows, [900 + bucket % 700, 40, 60, 500 + bucket % 300] AS latency_us,
    1 + seq % 8 AS batch_rows, NULL AS feature_age_s, sha256($model) AS schema_digest,
    sha256(noise) AS commitment, NULL AS personalised, 1 AS schema, time,
    upper(substr(md5('subject' || shopper), 1, 26)) AS subject, '1a2b3c4d' AS pseudonym_key_id,
    '{"customer":"' || upper(substr(md5('customer' || shopper), 1, 26)) || '"}' AS entities,
    '{"amount":[' || bucket / 7 || '],"basket_size":[' || bucket % 9 || '],"hour":[' || hour(time)
        || '],"country":["' || substr(more, 1, 2) || '"],"visits":[' || seq % 40 || ']}' AS inputs,
    '{"score":[' || bucket / 10000 || ']}' AS outputs, '{}' AS attributes, more AS salt
FROM (
    SELECT *, printf('%012x', epoch_ms(time)) AS millis, ('0x' || substr(more, 1, 6))::INT % 10000
        AS bucket, seq % 2 = 0 AS canary,
        $model || ':20261122-' || substr(md5($model), 1, 8) AS version
    FROM raw
)
ORDER BY subject, seq
"""


@dataclass(frozen=True)
class Plan:
    """What a kept lake is: who comes back to it goes on with just this."""

    rows: int
    last: str
    row_group_rows: int = ROW_GROUP_ROWS

    @classmethod
    def of(cls, folder: Path, rows: int) -> "Plan":
        """The plan of a folder, a new one if it has none. SystemExit when it is another's."""
        path, new = folder / "plan.json", cls(rows, str(datetime.now(UTC).date()))
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(asdict(new)))
        found = cls(**json.loads(path.read_text()))
        if dataclasses.replace(found, last=new.last) != new:
            raise SystemExit(f"{folder}: expected a lake of {new}, got {found}; delete it first")
        return found


def fill(lake: Lake, *, rows: int, days: int, last: date, note: Callable[[int], None]) -> None:
    """Write at least ``rows`` decisions over ``days`` days until ``last``; ``note`` hears how
    many are there.

    Files that are there already stay, so that what was broken off is gone on with. A process a
    core: what makes a file waits for nobody.
    """
    each = math.ceil(rows / (days * len(MODELS)))
    dates = [last - timedelta(days=back) for back in range(days)]
    # Engines have threads of their own: a fork would not have them.
    with ProcessPoolExecutor(max_workers=os.cpu_count(), mp_context=get_context("spawn")) as pool:
        written = [
            pool.submit(_write, lake.root, day, model, each) for day in dates for model in MODELS
        ]
        for number, done in enumerate(as_completed(written), start=1):
            done.result()
            note(number * each)


def _write(root: str, day: date, model: str, rows: int) -> None:
    lake, partition = Lake(root), partition_of(day.isoformat(), model)
    paths = {part: lake.path(part, partition, f"compact-{day}") for part in SCHEMAS}
    if not all(map(lake.exists, paths.values())):
        table = _generated(day, model, rows)
        for part, schema in SCHEMAS.items():
            lake.replace(paths[part], table.select(schema.names).cast(schema))


def _generated(day: date, model: str, rows: int) -> Any:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    values = {
        "start": start,
        "gap_us": 86_400_000_000 // rows,
        "seed": f"{day}{model}",
        "rows": rows,
        "model": model,
        "subjects": SUBJECTS,
    }
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        return connection.sql(ROWS, params=values).to_arrow_table()
