import json

import pytest

from bentos.decision_lake.files import Lake
from bentos.decision_lake.parts import PERSONAL, PUBLIC
from load_tests import bench_audit


def marks(field):
    """What the shipper's columns say of themselves."""
    return {name: (field.metadata or {}).get(name) for name in (b"encoding", b"null")}


def test_a_small_lake_is_filled_with_the_real_schema_and_asked(capsys, tmp_path):
    lake = tmp_path / "lake"
    arguments = ["decisions", "--decisions", "2700", "--queries", "3", "--lake", str(lake)]
    assert bench_audit.main([*arguments, "--folder", str(tmp_path)]) == 0
    part = json.loads(capsys.readouterr().out.splitlines()[-1])["parts"]["decisions"]
    assert part["figures"]["decisions"] == 2700
    names = [claim["name"] for claim in part["claims"]]
    assert names == ["id_cold", "id_warm", "subject_cold", "subject_warm"]
    assert all(claim["value"] > 0 for claim in part["claims"])
    written = Lake(str(lake / "decisions"))
    day = written.days("public")[0]
    for kind, schema in (("public", PUBLIC), ("personal", PERSONAL)):
        table = written.read(written.files(kind, day)[0])
        assert table.schema.equals(schema)
        assert [marks(field) for field in table.schema] == [marks(field) for field in schema]


def test_a_kept_lake_is_gone_on_with_and_no_other_is_taken_for_it(tmp_path):
    lake = tmp_path / "lake"
    arguments = ["decisions", "--queries", "1", "--lake", str(lake), "--decisions"]
    assert bench_audit.main([*arguments, "600"]) == 0
    files = sorted(lake.rglob("*.parquet"))
    kept, lost = files[0], files[-1]
    written = kept.stat().st_mtime_ns
    lost.unlink()
    assert bench_audit.main([*arguments, "600"]) == 0
    assert sorted(lake.rglob("*.parquet")) == files
    assert kept.stat().st_mtime_ns == written
    with pytest.raises(SystemExit, match=r"rows=700.*got.*rows=600"):
        bench_audit.main([*arguments, "700"])


def test_a_disk_that_is_too_small_is_said_before_anything_is_written(tmp_path):
    with pytest.raises(SystemExit, match="GB free"):
        bench_audit.main(["decisions", "--decisions", str(10**12), "--folder", str(tmp_path)])
    assert list(tmp_path.iterdir()) == []
