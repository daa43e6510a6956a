"""What happened to a release, for whoever may read it."""

from control_plane.releases.timeline import last_approved, newest, timeline


def test_a_timeline_tells_of_denials_and_says_nothing_of_where_from(shop):
    version = shop.register(1)
    release = shop.must(shop.draft(version, kind="bootstrap"), "submit")
    assert shop.tell(release, "approve").status_code == 403
    shop.must(release, "approve")
    viewer = shop.plane.person("viewer")
    found = viewer.get(f"/api/v1/releases/{release['id']}/timeline").json()
    assert [(each["action"], each["outcome"]) for each in found] == [
        ("release:create", "allowed"),
        ("release:submit", "allowed"),
        ("release:approve", "denied"),
        ("release:approve", "allowed"),
    ]
    assert found[1]["state"] == "in_review"
    assert not {"ip", "user_agent", "key_id"} & found[0].keys()
    assert viewer.get("/api/v1/releases/nowhere/timeline").status_code == 404


def test_the_newest_events_come_first_and_as_many_as_are_asked_for(desk):
    release = desk.approved(2)
    found = desk.read(newest, release.id, 2)
    assert [each["action"] for each in found] == ["release:approve", "release:submit"]
    whole = desk.read(timeline, release.id)
    assert desk.read(newest, release.id, 100) == list(reversed(whole))


def test_the_content_approved_last_is_found_behind_any_number_of_events(desk, monkeypatch):
    monkeypatch.setattr("control_plane.releases.timeline.MOST", 2)
    release = desk.approved(2, steps=[0.1])
    release = desk.edit("ada", release, steps=[0.2])
    assert desk.read(last_approved, release)["steps"] == [0.1]
