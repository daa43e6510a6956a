"""Since when datasets stand: of each from its first night, of what is left of it too."""

from datetime import UTC, datetime, timedelta

from training.nightly import witnessed
from training.nightly.witnessed import NEVER, Seen

NIGHT = datetime(2026, 11, 26, 2, 30, tzinfo=UTC)
FIRST, SECOND = "2026-11-26T02:30:00", "2026-11-27T02:30:00"


def test_a_dataset_is_as_old_as_the_night_that_saw_it_first():
    first = Seen().now({"a", "b"}, {}, NIGHT)
    assert first.datasets == {"a": FIRST, "b": FIRST}
    second = first.now({"b", "c"}, {}, NIGHT + timedelta(days=1))
    assert second == Seen(at=SECOND, datasets={"b": FIRST, "c": SECOND})
    assert second.oldest == FIRST
    assert Seen(at=FIRST).oldest == NEVER


def test_what_redactions_left_of_it_is_as_old():
    first = Seen().now({"a"}, {}, NIGHT)
    became = {"a": "b", "b": "c", "x": None}
    assert first.now({"c"}, became, NIGHT + timedelta(days=1)).datasets == {"c": FIRST}


def test_a_clock_that_went_back_makes_nothing_older():
    later = Seen().now({"a"}, {}, NIGHT + timedelta(days=1))
    assert later.now({"a", "b"}, {}, NIGHT) == Seen(at=SECOND, datasets={"a": SECOND, "b": SECOND})


def test_one_that_is_being_removed_stands(tmp_path):
    for name in ("aa", ".bb.leaving", ".cc.0a1b2c3d"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").touch()
    assert witnessed.standing(tmp_path) == {"aa", "bb", "cc"}
    assert witnessed.standing(tmp_path / "none") == set()
