"""DuckDB within bounds: time, files, turns."""

import duckdb
import pyarrow as pa
import pytest

from bentos.decision_lake.files import Lake
from control_plane.decisions import engine as engine_module
from control_plane.decisions.engine import Engine
from control_plane.errors import BusyError, TooBroadError

ENDLESS = "SELECT count(*) FROM range(100000000000) t WHERE t.range % 7 = 3"


@pytest.fixture
def lake(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    lake.write("public", "day=2026-01-01/model=m", "one", pa.table({"seq": [1, 2]}))
    return lake


@pytest.fixture
def make(lake):
    made = []

    def make(**bounds):
        made.append(Engine(lake, **bounds))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_what_takes_too_long_is_broken_off_and_the_next_is_answered(make, lake):
    engine = make(timeout_s=0.3)
    with pytest.raises(TooBroadError, match="shorter time"):
        engine.rows(ENDLESS, {})
    # What a busy machine may need for the next is not what is asked here.
    engine._timeout_s = 60.0
    files = {"files": lake.files("public", "2026-01-01")}
    assert engine.rows("SELECT sum(seq) AS s FROM read_parquet($files)", files) == [{"s": 3}]


def test_what_takes_too_much_memory_is_refused(make):
    sql = "SELECT list(range::VARCHAR || 'padding to fill memory') AS l FROM range(30000000)"
    with pytest.raises(TooBroadError, match="memory"):
        make(memory_mb=64, timeout_s=60.0).rows(sql, {})


def test_nothing_outside_the_lake_is_read_or_written(make, tmp_path):
    (tmp_path / "secret.csv").write_text("a\n1\n")
    engine = make()
    for sql in (
        f"SELECT * FROM read_csv('{tmp_path}/secret.csv')",
        f"COPY (SELECT 1) TO '{tmp_path}/out.parquet'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
    ):
        with pytest.raises(duckdb.Error):
            engine.rows(sql, {})


def test_only_so_many_are_answered_at_once(make, monkeypatch):
    monkeypatch.setattr(engine_module, "WAIT_S", 0.05)
    engine = make(concurrent=2)
    for _ in range(2):
        engine._turns.acquire()
    with pytest.raises(BusyError):
        engine.rows("SELECT 1", {})
    engine._turns.release()
    assert engine.rows("SELECT 1 AS one", {}) == [{"one": 1}]


def test_another_file_system_is_read_through_fsspec():
    lake = Lake("memory://decisions-engine")
    lake.write("public", "day=2026-01-01/model=m", "one", pa.table({"seq": [4, 5]}))
    engine = Engine(lake)
    try:
        names = [
            lake.file_system.unstrip_protocol(path) for path in lake.files("public", "2026-01-01")
        ]
        sql = "SELECT sum(seq) AS s FROM read_parquet($files)"
        assert engine.rows(sql, {"files": names}) == [{"s": 9}]
    finally:
        engine.close()
