"""What went is told by place, with the rule that let it go."""

from training.nightly import gone
from training.nightly.gone import Gone, Went
from training.nightly.settings import NightlySettings


def test_each_place_tells_its_rule_and_names_the_first(monkeypatch):
    monkeypatch.setattr(gone, "MOST_NAMED", 2)
    noted = Gone()
    for name in ("0a", "0b", "0c"):
        noted.note("orders", name)
    noted.note_rows("witness", 0)
    assert list(noted.counts) == ["orders"]
    noted.note_rows("witness", 5)
    assert list(noted.told(NightlySettings(nightly_keep_lines_days=45))) == [
        Went(
            place="orders",
            count=3,
            rule="SIGNALBOX_NIGHTLY_KEEP_LINES_DAYS",
            days=45,
            names=("0a", "0b"),
        ),
        Went(place="witness", count=5, rule=gone.NO_DATASET),
    ]


def test_every_rule_is_a_setting():
    assert set(gone.RULES.values()) <= set(NightlySettings.model_fields)
