import uuid

import pytest

pytestmark = pytest.mark.acceptance


def test_a_version_goes_from_registration_to_every_request(shop):
    first = shop.bootstrap()
    release = shop.started(2)
    assert release["state"] == "shadow"
    feature = shop.routed(lambda f: f["defaultValue"]["shadow"] == [release["candidate"]])
    assert feature["defaultValue"]["serve"] == first
    assert "rules" not in feature

    release = shop.must(release, "ramp")
    assert (release["state"], release["step"], release["weight"]) == ("canary", 1, 0.05)
    feature = shop.routed(lambda f: "rules" in f)
    assert feature["rules"][0]["ranges"] == [[0.05, 1], [0, 0.05]]

    release = shop.must(release, "ramp")
    assert (release["step"], release["weight"]) == (2, 0.25)
    release = shop.must(release, "pause", "resume")
    assert (release["step"], release["weight"]) == (2, 0.25)
    release = shop.must(release, "promote")
    shop.routed(lambda f: f["defaultValue"]["serve"] == release["candidate"])
    state = shop.model_state()
    assert (state["stable"], state["previous"], state["release"]) == (
        release["candidate"],
        first,
        None,
    )


def test_a_smaller_weight_takes_no_more_than_the_right_to_go_back(shop):
    shop.bootstrap()
    release = shop.must(shop.started(2), "ramp", "ramp")
    assert shop.tell(release, "ramp", shop.approver, weight=0.5).status_code == 403
    lowered = shop.tell(release, "ramp", shop.approver, weight=0.1).json()
    assert (lowered["state"], lowered["weight"], lowered["step"]) == ("canary", 0.1, 3)
    shop.routed(lambda f: f["rules"][0]["ranges"] == [[0.1, 1], [0, 0.1]])
    shop.must(release, "pause")
    lowered = shop.tell(release, "lower", shop.approver, weight=0).json()
    assert (lowered["state"], lowered["weight"], lowered["step"]) == ("paused", 0, 4)
    for weight in (None, 0, 0.1, -1):
        assert shop.tell(release, "lower", weight=weight).status_code == 422
    wanted = {"entity": f"release:{release['id']}", "action": "release:lower"}
    found = shop.plane.admin.get("/api/v1/register/events", params=wanted).json()
    assert [event["diff"]["weight"] for event in found] == [[0.25, 0.1], [0.1, 0]]


def test_a_canary_does_not_begin_with_nothing(shop):
    shop.bootstrap()
    release = shop.started(2)
    assert shop.tell(release, "ramp", weight=0).status_code == 422


def test_a_promoted_release_rolls_back_to_the_version_before(shop):
    first = shop.bootstrap()
    release = shop.must(shop.started(2), "ramp", "promote")
    other = shop.draft(shop.register(3))
    release = shop.must(release, "rollback")
    assert release["state"] == "rolled_back"
    shop.routed(lambda f: f["defaultValue"]["serve"] == first)
    assert shop.author.get(f"/api/v1/releases/{other['id']}").json()["state"] == "aborted"


def test_author_editor_and_service_may_not_approve(shop):
    both = shop.plane.person("release_manager", "approver")
    version = shop.register(1)
    body = {"model": shop.model, "candidate": version, "kind": "bootstrap", "reason": "x"}
    release = both.post("/api/v1/releases", json=body).json()
    release = shop.must(release, "submit")
    assert shop.tell(release, "approve", both).status_code == 403
    assert shop.tell(release, "approve", shop.author).status_code == 403
    assert shop.tell(release, "approve", shop.trainer).status_code == 403
    shop.must(release, "approve")


def test_an_edit_voids_the_approval(shop):
    shop.bootstrap()
    release = shop.must(shop.draft(shop.register(2)), "submit", "approve")
    assert [each["live"] for each in release["approvals"]] == [True]
    edited = shop.edit(release, steps=[0.1]).json()
    assert edited["state"] == "draft"
    assert [each["live"] for each in edited["approvals"]] == [False]
    # Back to the very content that was approved: still void.
    edited = shop.edit(edited, steps=[0.05, 0.25]).json()
    assert edited["content_digest"] == release["content_digest"]
    assert [each["live"] for each in edited["approvals"]] == [False]
    assert shop.tell(release, "start").status_code == 409


def test_an_illegal_verb_names_state_and_verb(shop):
    shop.bootstrap()
    release = shop.draft(shop.register(2))
    answer = shop.tell(release, "promote")
    assert answer.status_code == 409
    assert "promote" in answer.json()["detail"]
    assert "draft" in answer.json()["detail"]


def test_a_stale_expected_revision_is_a_conflict(shop):
    shop.bootstrap()
    release = shop.draft(shop.register(2))
    assert shop.tell(release, "submit", expected_revision=release["revision"]).status_code == 200
    answer = shop.tell(release, "abort", expected_revision=release["revision"])
    assert answer.status_code == 409
    assert "stale" in answer.json()["detail"]


def test_one_open_release_per_model(shop):
    shop.bootstrap()
    shop.draft(shop.register(2))
    body = {"model": shop.model, "candidate": shop.register(3), "reason": "x"}
    assert shop.author.post("/api/v1/releases", json=body).status_code == 409


def test_rejected_and_retired_versions_are_never_released(shop):
    shop.bootstrap()
    rejected = shop.register(2, state="rejected", rejection="loses to the baseline")
    retired = shop.register(3)
    answer = shop.author.post(f"/api/v1/versions/{retired}/retire", json={"reason": "old"})
    assert answer.json()["state"] == "retired"
    for version in (rejected, retired):
        body = {"model": shop.model, "candidate": version, "reason": "x"}
        assert shop.author.post("/api/v1/releases", json=body).status_code == 409


def test_versions_in_use_are_not_retired(shop):
    stable = shop.bootstrap()
    candidate = shop.started(2)["candidate"]
    for version in (stable, candidate):
        answer = shop.author.post(f"/api/v1/versions/{version}/retire", json={"reason": "x"})
        assert answer.status_code == 409


def test_a_route_waits_for_its_version_alone(shop, open_shop):
    first = shop.bootstrap()
    release = shop.draft(shop.register(2))
    release = shop.must(release, "submit", "approve", "start")
    url = f"/api/v1/releases/{release['id']}"
    assert release["waiting_for"] == [release["candidate"]]
    assert release["published"] is False
    # The other model goes on meanwhile.
    open_shop(shop.plane).bootstrap()
    assert shop.feature() == {"defaultValue": {"serve": first, "shadow": []}}
    desired = shop.fleet.get("/fleet/v1/desired").json()["versions"]
    assert release["candidate"] in {each["version"] for each in desired}

    shop.report(release["candidate"])
    shop.routed(lambda f: f["defaultValue"]["shadow"] == [release["candidate"]])
    assert shop.author.get(url).json()["published"] is True

    # A worker that dies takes its address along, never the route.
    shop.report(release["candidate"], ready=False)
    shop.plane.wait(
        lambda: release["candidate"] not in shop.plane.document("endpoints")["versions"]
    )
    shop.must(release, "ramp")
    shop.routed(lambda f: "rules" in f)


def test_a_kill_stops_the_canary_and_never_resumes_it(shop):
    first = shop.bootstrap()
    release = shop.must(shop.started(2), "ramp")
    body = {"model": shop.model, "version": release["candidate"], "reason": "bad"}
    assert shop.author.post("/api/v1/kills", json=body).status_code == 409
    body["version"] = first
    assert shop.author.post("/api/v1/kills", json=body).status_code == 201
    entry = shop.plane.wait(lambda: shop.plane.document("kill")["models"].get(shop.model))
    assert (entry["version"], entry["reason"]) == (first, "bad")
    stored = shop.author.get(f"/api/v1/releases/{release['id']}").json()
    assert (stored["state"], stored["weight"]) == ("paused", 0)
    assert shop.tell(release, "resume").status_code == 409

    gone = shop.author.request("DELETE", f"/api/v1/kills/{shop.model}", json={"reason": "ok"})
    assert gone.status_code == 200
    shop.plane.wait(lambda: shop.model not in shop.plane.document("kill")["models"])
    assert shop.must(release, "resume")["weight"] == 0


def local_kill(shop, version, **more):
    return {
        "id": str(uuid.uuid4()),
        "model": shop.model,
        "version": version,
        "reason": "it burned at night",
        "actor": "local:ada",
        "at": "2026-01-01T00:00:00.000000+00:00",
        **more,
    }


def test_a_local_kill_is_entered_on_behalf_of_who_set_it_and_only_once(shop):
    first = shop.bootstrap()
    release = shop.must(shop.started(2), "ramp")
    body = local_kill(shop, first)
    for _ in range(2):
        assert shop.author.post("/api/v1/kills/local", json=body).status_code == 201
    entry = shop.plane.wait(lambda: shop.plane.document("kill")["models"].get(shop.model))
    assert (entry["id"], entry["version"]) == (body["id"], first)
    assert shop.author.get(f"/api/v1/releases/{release['id']}").json()["weight"] == 0
    [event] = kill_events(shop, "kill:set")
    assert (event["on_behalf_of"], event["reason"]) == ("local:ada", "it burned at night")
    assert event["diff"]["local_since"] == [None, body["at"]]


def test_a_local_kill_that_is_over_is_entered_without_killing_again(shop):
    version = shop.bootstrap()
    cleared = {
        "cleared_at": "2026-01-01T01:00:00.000000+00:00",
        "cleared_by": "local:bob",
        "cleared_reason": "out",
    }
    body = local_kill(shop, version, **cleared)
    assert shop.author.post("/api/v1/kills/local", json=body).status_code == 201
    assert shop.model_state()["killed"] is None
    [set_event], [clear_event] = kill_events(shop, "kill:set"), kill_events(shop, "kill:clear")
    assert set_event["on_behalf_of"] == "local:ada"
    assert (clear_event["on_behalf_of"], clear_event["reason"]) == ("local:bob", "out")


def test_a_local_kill_told_and_then_cleared_on_its_machine_ends_here_as_well(shop):
    version = shop.bootstrap()
    body = local_kill(shop, version)
    assert shop.author.post("/api/v1/kills/local", json=body).status_code == 201
    cleared = {
        "cleared_at": "2026-01-01T01:00:00.000000+00:00",
        "cleared_by": "local:bob",
        "cleared_reason": "out",
    }
    for _ in range(2):
        answer = shop.author.post("/api/v1/kills/local", json={**body, **cleared})
        assert answer.status_code == 201
    assert shop.model_state()["killed"] is None
    [event] = kill_events(shop, "kill:clear")
    assert (event["on_behalf_of"], event["reason"]) == ("local:bob", "out")


def test_a_local_kill_to_a_version_never_promoted_is_refused(shop):
    shop.bootstrap()
    release = shop.must(shop.started(2), "ramp")
    body = local_kill(shop, release["candidate"])
    assert shop.author.post("/api/v1/kills/local", json=body).status_code == 409


def kill_events(shop, action):
    wanted = {"entity": f"kill:{shop.model}", "action": action}
    return shop.plane.admin.get("/api/v1/register/events", params=wanted).json()


def test_an_expired_kill_ends_only_where_routes_serve_that_version(shop):
    first = shop.bootstrap()
    release = shop.must(shop.started(2), "ramp", "promote")
    shop.routed(lambda f: f["defaultValue"]["serve"] == release["candidate"])
    body = {"model": shop.model, "version": first, "reason": "bad", "expires_in_s": 0.2}
    assert shop.author.post("/api/v1/kills", json=body).status_code == 201
    # The routes serve the other version: gateways are not told of the expiry at all.
    entry = shop.plane.wait(lambda: shop.plane.document("kill")["models"].get(shop.model))
    assert entry["expires_at"] is None
    shop.must(release, "rollback")
    shop.plane.wait(lambda: shop.model_state()["killed"] is None, "the expiry")


def test_a_scheduled_release_starts_by_itself(shop):
    shop.bootstrap()
    release = shop.must(shop.draft(shop.register(2)), "submit", "approve")
    assert shop.tell(release, "schedule").status_code == 422
    shop.must(release, "schedule", starts_at="2026-01-01T00:00:00+01:00")
    url = f"/api/v1/releases/{release['id']}"
    shop.plane.wait(lambda: shop.author.get(url).json()["state"] == "shadow", "the start")


def test_a_bad_plan_names_its_field(shop):
    shop.bootstrap()
    body = {"model": shop.model, "candidate": shop.register(2), "reason": "x"}
    for change, field in [
        ({"steps": [0.25, 0.05]}, "steps[1]"),
        ({"steps": [0.00005]}, "steps[0]"),
        ({"steps": []}, "steps"),
        ({"steps": ["5%"]}, "steps[0]"),
        ({"condition": {"colour": "red"}}, "condition.colour"),
        ({"shadow": "yes"}, "shadow"),
        ({"colour": 1}, "colour"),
        ({"reason": ""}, "reason"),
        ({"candidate": None}, "candidate"),
    ]:
        answer = shop.author.post("/api/v1/releases", json={**body, **change})
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"][0]["field"] == field
    assert shop.model_state()["release"] is None


def test_the_approval_of_somebody_shut_out_since_no_longer_counts(shop):
    shop.bootstrap()
    version = shop.register(2)
    shop.report(version)
    release = shop.must(shop.draft(version), "submit", "approve")
    url = f"/api/v1/people/{shop.approver.person}"
    assert shop.plane.admin.delete(url).status_code == 200
    assert shop.tell(release, "start").status_code == 409
    found = shop.author.get(f"/api/v1/releases/{release['id']}").json()
    assert [each["live"] for each in found["approvals"]] == [False]
    # Whoever is still there approves anew, after an edit as always.
    shop.approver = shop.plane.person("approver")
    edited = shop.edit(release, steps=[0.1])
    assert edited.status_code == 200
    shop.must(edited.json(), "submit", "approve", "start")


def test_a_condition_every_gateway_must_evaluate_has_a_size(shop):
    shop.bootstrap()
    attributes = {"country": "string", "visits": "number"}
    assert shop.plane.admin.put("/api/v1/attributes", json=attributes).status_code == 200
    body = {"model": shop.model, "candidate": shop.register(2), "reason": "x"}
    for condition, field in [
        ({"$or": [{"visits": 1}] * 1001}, "condition.$or"),
        ({"country": {"$in": ["x" * 40] * 900}}, "condition"),
    ]:
        answer = shop.author.post("/api/v1/releases", json={**body, "condition": condition})
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["field"] == field


def test_conditions_compare_declared_attributes_with_their_type(shop):
    shop.bootstrap()
    attributes = {"country": "string", "visits": "number"}
    assert shop.plane.admin.put("/api/v1/attributes", json=attributes).status_code == 200
    version = shop.register(2)
    body = {"model": shop.model, "candidate": version, "reason": "x"}
    for condition, field in [
        ({"visits": {"$gt": "5"}}, "condition.visits.$gt"),
        ({"country": {"$regex": "(a+)+"}}, "condition.country.$regex"),
        ({"$or": [{"country": 1}]}, "condition.$or[0].country"),
    ]:
        answer = shop.author.post("/api/v1/releases", json={**body, "condition": condition})
        assert answer.json()["errors"][0]["field"] == field
    good = {"$or": [{"country": {"$in": ["CH", "AT"]}}, {"visits": {"$gte": 5}}]}
    shop.author.post("/api/v1/releases", json={**body, "condition": good}).raise_for_status()
