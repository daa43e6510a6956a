import pytest

from bentos.whole_file import write_whole


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
