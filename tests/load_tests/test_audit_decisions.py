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


def test_a_disk_that_is_too_small_is_said_before_anything_is_written(tmp_path):
    with pytest.raises(SystemExit, match="GB free"):
        bench_audit.main(["decisions", "--decisions", str(10**12), "--folder", str(tmp_path)])
    assert list(tmp_path.iterdir()) == []
