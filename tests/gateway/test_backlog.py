import os
import time

from gateway.backlog import Backlog, measure


def test_bytes_count_everything_and_lag_the_oldest_closed_segment(tmp_path):
    for name, age in (("a.segment", 90), ("b.segment", 30), ("c.open", 500), ("d.held", 900)):
        (tmp_path / name).write_bytes(b"x" * 100)
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    (tmp_path / "note.txt").write_bytes(b"x" * 1000)
    found = measure(tmp_path)
    assert (found.bytes, found.segments, found.held) == (400, 2, 1)
    assert 89 < found.oldest_age_s < 120


def test_an_empty_folder_has_no_lag(tmp_path):
    assert measure(tmp_path) == Backlog()
