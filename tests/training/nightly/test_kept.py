"""What nights leave behind goes in its time, and nothing else does."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from training.features import offline
from training.features.registry import VIEWS
from training.nightly import kept
from training.nightly.gone import Gone
from training.nightly.settings import NightlySettings
from training.nightly.stuck import Stuck
from training.settings import Settings

NOW = datetime(2026, 11, 26, tzinfo=UTC)
VIEW = VIEWS[0]


def prune(settings, nightly, now, stuck):
    gone = Gone()
    kept.prune(settings, nightly, now, gone, stuck)
    return dict(gone.counts)


def aged(path, days):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    then = (NOW - timedelta(days=days)).timestamp()
    os.utime(path, (then, then))
    os.utime(path.parent, (then, then))
    return path


def values(settings, days):
    moment = (NOW - timedelta(days=days)).replace(tzinfo=None)
    place = offline.folder_of(settings.offline_features, VIEW, moment)
    place.mkdir(parents=True)
    (place / offline.PARTITION_FILE).write_bytes(b"{}")
    return place


def test_old_fits_and_graphs_go_and_new_ones_stay(tmp_path):
    settings = Settings(home=tmp_path)
    old = aged(settings.lake / "fits" / "fraud-old-1" / "model.onnx", 15)
    new = aged(settings.lake / "fits" / "fraud-new-1" / "model.onnx", 13)
    graph = aged(settings.lake / "exports" / "old.onnx", 15)
    version = aged(settings.lake / "versions" / "fraud-old" / "manifest.json", 900)
    assert prune(settings, NightlySettings(), NOW, Stuck()) == {"fits": 1, "exports": 1}
    assert not old.parent.exists()
    assert not graph.exists()
    assert new.is_file()
    assert version.is_file()
    assert prune(settings, NightlySettings(), NOW, Stuck()) == {}


def test_values_go_by_the_moment_they_hold_for_and_the_newest_stays(tmp_path):
    settings = Settings(home=tmp_path)
    oldest, older, year = (values(settings, days) for days in (500, 450, 365))
    assert prune(settings, NightlySettings(), NOW, Stuck()) == {"features": 2}
    assert year.is_dir()
    assert not oldest.exists()
    assert not older.exists()
    assert prune(settings, NightlySettings(), NOW + timedelta(days=900), Stuck()) == {}
    assert year.is_dir()


def test_an_empty_home_has_nothing_to_take(tmp_path):
    assert prune(Settings(home=tmp_path), NightlySettings(), NOW, Stuck()) == {}


def test_what_cannot_be_removed_is_named_and_the_rest_goes(tmp_path, monkeypatch):
    settings, stuck = Settings(home=tmp_path), Stuck()
    bad = aged(settings.lake / "fits" / "bad" / "model.onnx", 15)
    good = aged(settings.lake / "fits" / "good" / "model.onnx", 15)
    rename = Path.rename

    def refuses(place, target):
        if place.name == "bad":
            raise PermissionError("read-only")
        return rename(place, target)

    monkeypatch.setattr(Path, "rename", refuses)
    assert prune(settings, NightlySettings(), NOW, stuck) == {"fits": 1}
    assert stuck.why == {"fits/bad": "PermissionError: read-only"}
    assert bad.is_file()
    assert not good.exists()
