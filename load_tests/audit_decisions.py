"""Fifty million decisions on disk: found by id, and by subject within 30 days.

Each question is asked cold (nothing of the lake in the page cache, no footer parsed: a control
plane that has just started on a machine that has) and warm. What is found is checked.
"""

import argparse
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.console import Console

from bentos.decision_lake.files import Lake
from bentos.decision_lake.parts import Part as LakePart
from control_plane.decisions.criteria import Criteria
from control_plane.decisions.engine import Engine
from control_plane.decisions.store import DecisionStore
from load_tests.audit_part import Part, bar, forget, percentile
from load_tests.decision_lake import Plan, fill
from load_tests.floors import Claim

DECISIONS, DAYS, QUERIES = 50_000_000, 30, 200
BYTES_EACH = 200
P95_S = 1.0
Ask = Callable[[DecisionStore, str], bool]


@dataclass(frozen=True)
class Took:
    """One question: seconds until it was answered, and of processor time in all threads, which
    says what it costs on a machine that does other work too."""

    wall_s: float
    cpu_s: float


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of this part."""
    parser.add_argument("--decisions", type=int, default=DECISIONS, help="rows of the lake")
    parser.add_argument("--queries", type=int, default=QUERIES, help="of each kind, cold and warm")
    parser.add_argument("--lake", type=Path, help="keep the lake here, and use what is there")


def measure(options: argparse.Namespace, folder: Path, console: Console) -> Part:
    """Fill a lake and ask it."""
    root = options.lake or folder
    lake = Lake(str(root / "decisions"))
    seconds = _fill(lake, options.decisions, root, console)
    days = lake.days(LakePart.PUBLIC)
    newest = date.fromisoformat(days[-1])
    kinds: dict[str, tuple[str, LakePart, Ask]] = {
        "id": ("decision_id", LakePart.PUBLIC, _by_id),
        "subject": ("subject", LakePart.PERSONAL, _by_subject(newest)),
    }
    claims, figures = [], _figures(lake, root) | {"written or found there in, s": seconds}
    for name, (column, part, ask) in kinds.items():
        values = _sample(lake, part, column, options.queries)
        for state, times in (
            ("cold", [_cold(lake, ask, value) for value in values]),
            ("warm", _warm(lake, ask, values)),
        ):
            text = f"by {name}, {state}, p95 s"
            p95 = percentile([each.wall_s for each in times], 0.95)
            claims.append(Claim(f"{name}_{state}", text, P95_S, P95_S, p95, at_least=False))
            figures |= {
                f"by {name}, {state}, p50 s": percentile([each.wall_s for each in times], 0.5),
                f"by {name}, {state}, max s": max(each.wall_s for each in times),
                f"by {name}, {state}, processor s": sum(each.cpu_s for each in times) / len(times),
            }
    return Part(claims, figures | {"queries of each kind": options.queries})


def _fill(lake: Lake, rows: int, root: Path, console: Console) -> float:
    """Seconds until the lake was there, whole."""
    kept = _size(root)
    needed, free = 2 * (rows * BYTES_EACH - kept), shutil.disk_usage(_existing(root)).free
    if free < needed:
        raise SystemExit(f"{root}: expected {needed / 1e9:.0f} GB free, got {free / 1e9:.0f}")
    plan, started = Plan.of(root, rows), time.perf_counter()
    days = min(DAYS, max(1, rows // 1000))
    with bar("writing decisions", rows, console) as told:
        fill(lake, rows=rows, days=days, last=date.fromisoformat(plan.last), note=told)
    return time.perf_counter() - started


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.absolute().parent)


def _size(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*.parquet"))


def _sample(lake: Lake, part: LakePart, column: str, count: int) -> list[str]:
    """Values of rows anywhere in the lake."""
    days = lake.days(part)
    found = []
    for _ in range(count):
        file = lake.open(random.choice(lake.files(part, random.choice(days))))
        group = file.read_row_group(random.randrange(file.num_row_groups), [column])
        found.append(str(group.column(0)[random.randrange(group.num_rows)]))
        file.close()
    return found


def _by_id(store: DecisionStore, decision_id: str) -> bool:
    row = store.find(decision_id)
    return row is not None and row["decision_id"] == decision_id


def _by_subject(newest: date) -> Ask:
    until = datetime(newest.year, newest.month, newest.day, tzinfo=UTC) + timedelta(days=1)

    def ask(store: DecisionStore, subject: str) -> bool:
        since = until - timedelta(days=DAYS)
        page = store.page(Criteria(since=since, until=until, subjects=(subject,)), limit=50)
        return bool(page.rows)

    return ask


def _cold(lake: Lake, ask: Ask, value: str) -> Took:
    forget(Path(lake.root).rglob("*.parquet"))
    store = DecisionStore(lake, Engine(lake))
    try:
        return _timed(store, ask, value)
    finally:
        store.close()


def _warm(lake: Lake, ask: Ask, values: list[str]) -> list[Took]:
    """The second time each is asked, of one store, after all were asked once."""
    store = DecisionStore(lake, Engine(lake))
    try:
        for value in values:
            _timed(store, ask, value)
        return [_timed(store, ask, value) for value in values]
    finally:
        store.close()


def _timed(store: DecisionStore, ask: Ask, value: str) -> Took:
    started, worked = time.perf_counter(), time.process_time()
    if not ask(store, value):
        raise RuntimeError("a decision that is in the lake was not found")
    return Took(time.perf_counter() - started, time.process_time() - worked)


def _figures(lake: Lake, root: Path) -> dict[str, float | int | str]:
    paths = [p for day in lake.days(LakePart.PUBLIC) for p in lake.files(LakePart.PUBLIC, day)]
    rows = sum(lake.metadata(path).num_rows for path in paths)
    return {"decisions": rows, "files of a part": len(paths), "lake, GB": _size(root) / 1e9}
