import os

import pytest

from bentos.whole_file import left_behind, write_whole


def test_what_cannot_be_written_leaves_what_was_there_and_nothing_beside(tmp_path):
    path = tmp_path / "sealed"
    write_whole(path, "as it was")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "half of it \udcff")
    assert [each.name for each in tmp_path.iterdir()] == ["sealed"]
    assert path.read_text() == "as it was"
    assert path.stat().st_mode & 0o777 == 0o600


def test_bytes_are_written_as_they_are_with_the_permissions_asked_for(tmp_path):
    path = tmp_path / "state"
    write_whole(path, b"\x00\xff\r\n", mode=0o644)
    assert path.read_bytes() == b"\x00\xff\r\n"
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_file_that_need_not_last_is_whole_and_as_readable_as_the_umask_allows(tmp_path):
    path = tmp_path / "card.json"
    before = os.umask(0o027)
    try:
        write_whole(path, b"{}", mode=None, is_durable=False)
    finally:
        os.umask(before)
    assert path.read_bytes() == b"{}"
    assert path.stat().st_mode & 0o777 == 0o640
    path.with_name("folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(path.with_name("folder"), b"{}", is_durable=False)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["card.json", "folder"]


def test_what_a_killed_writer_leaves_is_found_and_nothing_else(tmp_path, monkeypatch):
    def killed(*_):
        left.extend(path.name for path in left_behind(tmp_path))
        raise KeyboardInterrupt

    left: list[str] = []
    for name in ("note.json", ".lock", ".note.json"):
        write_whole(tmp_path / name, "{}")
    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "note.json", "half")
    assert [name[: len(".note.json.")] for name in left] == [".note.json."]
    assert left_behind(tmp_path) == []
