"""One draft a night: made, superseded, or left to the person whose it is."""

import pytest

from training.nightly.bootstrap import Verdict
from training.nightly.draft import draft_release, is_ours, reason_of
from training.nightly.outputs import Gate, Judged

JUDGED = Judged(
    champion=None,
    verdict=Verdict.BETTER,
    improvement=None,
    gates=(Gate(name="baseline", passed=True, said="0.9 against 0.5"),),
)
DRAFT = {
    "id": "r1",
    "state": "draft",
    "ticket": "nightly:earlier",
    "contributors": [],
    "author": "trainer",
    "candidate": "fraud:20261125-00000001",
    "revision": 3,
}
TONIGHT = "fraud:20261126-00000002"


class Desk:
    """Answers with one release and remembers what it was told."""

    def __init__(self, release=None):
        self.release, self.told = release, []

    def get(self, path):
        assert path == "/api/v1/releases/r1"
        return self.release

    def post(self, path, body, key):
        self.told.append(("POST", path, body, key))
        return {"id": "new"}

    def patch(self, path, body, key, revision):
        self.told.append(("PATCH", path, body, key, revision))
        return {"id": "r1"}


def model(release=None, stable="fraud:20261120-00000000"):
    return {"model": "fraud", "stable": stable, "release": release}


@pytest.mark.parametrize(
    ("stable", "kind"), [(None, "bootstrap"), ("fraud:20261120-00000000", "standard")]
)
def test_where_none_is_open_one_is_made_under_the_night_s_key(stable, kind):
    desk = Desk()
    made = draft_release(desk, model(stable=stable), TONIGHT, JUDGED, "night")
    ((_, path, body, key),) = desk.told
    assert (made.action, made.release) == ("created", "new")
    assert (path, key) == ("/api/v1/releases", "nightly-night-fraud")
    assert (body["kind"], body["candidate"], body["ticket"]) == (kind, TONIGHT, "nightly:night")


def test_an_untouched_draft_is_superseded_as_it_was_read():
    desk = Desk(DRAFT)
    made = draft_release(desk, model("r1"), TONIGHT, JUDGED, "night")
    ((_, _, body, key, revision),) = desk.told
    assert made.action == "superseded"
    assert (body["candidate"], key, revision) == (TONIGHT, "nightly-night-fraud-3", 3)
    assert "kind" not in body


def test_a_draft_of_tonight_s_version_is_kept():
    desk = Desk(DRAFT | {"candidate": TONIGHT})
    made = draft_release(desk, model("r1"), TONIGHT, JUDGED, "night")
    assert (made.action, desk.told) == ("kept", [])


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "in_review"},
        {"state": "approved"},
        {"state": "scheduled"},
        {"state": "shadow"},
        {"state": "canary"},
        {"state": "paused"},
        {"contributors": ["ada"]},
        {"ticket": None},
        {"ticket": "OPS-7"},
    ],
)
def test_what_a_person_had_a_hand_in_is_left_alone(changes):
    desk = Desk(DRAFT | changes)
    made = draft_release(desk, model("r1"), TONIGHT, JUDGED, "night")
    assert (made.action, made.release, desk.told) == ("none", "r1", [])
    assert not is_ours(DRAFT | changes)


def test_sent_again_after_a_kill_the_result_is_the_same():
    one = draft_release(Desk(DRAFT), model("r1"), TONIGHT, JUDGED, "night")
    other = draft_release(Desk(DRAFT | {"candidate": TONIGHT}), model("r1"), TONIGHT, JUDGED, "n")
    assert one.digest == other.digest


def test_the_reason_is_what_the_gates_said_within_the_api_s_bound():
    assert reason_of(JUDGED) == "nightly run; baseline: 0.9 against 0.5"
    long = Gate(name="champion", passed=True, said="x" * 5000)
    judged = Judged(champion=None, verdict=Verdict.BETTER, improvement=None, gates=(long,))
    assert len(reason_of(judged)) == 2000
