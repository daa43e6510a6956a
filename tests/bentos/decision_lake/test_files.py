import os

import fsspec
import pyarrow as pa
import pytest

from bentos.decision_lake.files import Lake

TABLE = pa.table({"seq": [1, 2], "subject": ["a", None]})


@pytest.fixture(params=["path", "file", "memory", "renaming"])
def url(request, tmp_path):
    """A path, a file URL, an object store, and one whose uploads are seen half-way."""
    if request.param == "path":
        return str(tmp_path / "lake")
    if request.param == "file":
        return f"file://{tmp_path}/lake"
    if request.param == "renaming":
        return f"dir::file://{tmp_path}/lake"
    fsspec.filesystem("memory").store.clear()
    return "memory://lake"


def test_a_file_comes_back_and_is_found_by_its_segment(url):
    lake = Lake(url)
    assert lake.names("public") == {}
    lake.write("public", "day=d/model=m", "one", TABLE)
    lake.write("public", "day=e/model=m", "one", TABLE)
    lake.write("personal", "day=d/model=m", "two", TABLE)
    found = Lake(url).names("public")
    assert list(found) == ["one"]
    assert len(found["one"]) == 2
    assert all(lake.read(path).equals(TABLE) for path in found["one"])


def test_a_file_that_is_there_stays(url):
    lake = Lake(url)
    lake.write("personal", "day=d/model=m", "one", TABLE)
    lake.write("personal", "day=d/model=m", "one", TABLE.slice(1))
    [path] = lake.names("personal")["one"]
    assert lake.read(path).num_rows == 2


def test_a_file_has_its_name_only_when_it_is_whole(tmp_path, monkeypatch):
    lake, seen = Lake(str(tmp_path / "lake")), []
    real = os.fsync

    def fsync(file):
        seen.append(sorted(path.name for path in (tmp_path / "lake").rglob("*.*")))
        real(file)

    monkeypatch.setattr(os, "fsync", fsync)
    lake.write("public", "day=d/model=m", "one", TABLE)
    assert seen == [["one.tmp"], ["one.parquet"]]


def test_only_the_owner_reads_it(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    lake.write("personal", "day=d/model=m", "one", TABLE)
    [path] = (tmp_path / "lake").rglob("*.parquet")
    assert path.stat().st_mode & 0o077 == 0
