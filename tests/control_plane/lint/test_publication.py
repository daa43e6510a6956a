"""Where something is published: a release, and a new SDK key."""

import pytest

from control_plane import clock
from control_plane.errors import PolicyError
from control_plane.growthbook.service import create_sdk_key
from control_plane.lint import size
from control_plane.lint.finding import Place
from control_plane.lint.publication import LintError, as_recorded, check_audience
from control_plane.releases.interlock import lint_of
from control_plane.releases.schedule import start_due

WIDE = {"defaultValue": "x" * 1000}


@pytest.fixture
def seen(desk):
    """A key that is sent everything, and frames that are small."""
    who = desk.person("gus")
    return desk.write(create_sdk_key, who, "all", "server", ["*"])[0]


def test_a_release_whose_rule_would_not_fit_goes_nowhere_and_back_it_goes(desk, seen, monkeypatch):
    release = desk.started(2)
    assert desk.read(lint_of, release) == ()
    monkeypatch.setattr(size, "MAX_LINE_BYTES", 300)
    with pytest.raises(PolicyError, match="frame-size") as refused:
        desk.tell("ada", release, "ramp")
    [finding] = refused.value.members["findings"]
    assert (finding["severity"], finding["feature"]) == ("error", None)
    assert seen.id in finding["found"]
    assert desk.tell("ada", release, "lower", weight=0.01).buckets == 100
    assert desk.tell("ada", release, "rollback").state == "rolled_back"


def test_a_scheduled_release_that_does_not_pass_is_given_up(desk, seen, monkeypatch):
    release = desk.approved(2, shadow=False)
    desk.tell("ada", release, "schedule", starts_at=clock.later(0.01))
    monkeypatch.setattr(size, "MAX_LINE_BYTES", 300)
    while clock.now() <= desk.release(release.id).starts_at:
        pass
    desk.write(start_due)
    assert desk.release(release.id).state == "aborted"


def test_a_key_that_would_be_sent_too_much_is_not_made(desk, seen, monkeypatch):
    desk.read(check_audience, seen, {"model.fraud": WIDE})
    monkeypatch.setattr(size, "MAX_LINE_BYTES", 300)
    with pytest.raises(LintError, match=seen.id):
        desk.read(check_audience, seen, {"model.fraud": WIDE})


def test_a_register_event_tells_some_and_counts_all():
    one = Place("f", 0, "rules[0]").warning("unreachable", "x", "y")
    assert as_recorded(()) == {}
    told = as_recorded((one,) * 50)
    assert told["lint_findings"] == 50
    assert told["lint"] == ["warning unreachable: f.rules[0]: x; y"] * 20
