"""What happened to a release, for whoever may read it."""


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
