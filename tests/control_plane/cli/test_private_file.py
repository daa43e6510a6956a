"""Files that only their owner may read."""

import os
import stat

from control_plane.cli.private_file import open_private, write_private


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_that_others_could_read_is_theirs_no_more_once_it_is_written(tmp_path):
    old = tmp_path / "export"
    old.write_text("of an earlier release")
    old.chmod(0o644)
    write_private(old, "secret")
    assert (old.read_text(), mode(old)) == ("secret", 0o600)


def test_what_is_no_file_is_left_as_it_is(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o640)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with open_private(pipe) as out:
        out.write(b"secret")
    assert (os.read(reader, 100), mode(pipe)) == (b"secret", 0o640)
    os.close(reader)
