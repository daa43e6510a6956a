import json

import pytest

pytestmark = pytest.mark.acceptance


def events(plane, **wanted):
    answer = plane.admin.get("/api/v1/register/events", params={"limit": 1000, **wanted})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_event_says_who_what_why_and_where_from(shop):
    shop.bootstrap()
    release = shop.started(2)
    body = {"reason": "looks good", "ticket": "T-1"}
    answer = shop.author.post(f"/api/v1/releases/{release['id']}/ramp", json=body)
    event = events(shop.plane, entity=f"release:{release['id']}", action="release:ramp")[0]
    assert event["actor"]["id"] == shop.author.person
    assert event["actor"]["type"] == "person"
    assert event["actor"]["auth_method"] == "api_key"
    assert event["ip"] == "127.0.0.1"
    assert event["user_agent"].startswith("python-httpx")
    assert event["request_id"] == answer.headers["x-request-id"]
    assert (event["reason"], event["ticket"]) == ("looks good", "T-1")
    assert event["approvals"] == [shop.approver.person]
    assert event["entity_revision"] == answer.json()["revision"]
    assert event["diff"]["state"] == ["shadow", "canary"]
    assert event["diff"]["weight"] == [0, 0.05]
    assert event["before"] != event["after"]


def test_denials_are_events(shop):
    shop.bootstrap()
    release = shop.must(shop.draft(shop.register(2)), "submit")
    entity = f"release:{release['id']}"
    assert shop.tell(release, "approve", shop.author).status_code == 403
    assert shop.tell(release, "promote").status_code == 409
    denied = [e for e in events(shop.plane, entity=entity) if e["outcome"] == "denied"]
    assert [each["action"] for each in denied] == ["release:approve", "release:promote"]
    assert {each["actor"]["id"] for each in denied} == {shop.author.person}

    stranger = shop.plane.client(f"sbx_{'0' * 12}_{'x' * 43}")
    # From an address of its own: from this one others may have been denied just before.
    headers = {"x-forwarded-for": "198.51.100.1"}
    assert stranger.get("/api/v1/models", headers=headers).status_code == 401
    last = events(shop.plane, action="request:deny")[-1]
    assert (last["actor"]["id"], last["actor"]["key_id"]) == ("unknown", "0" * 12)
    assert last["entity"] == "GET /api/v1/models"


def test_nothing_secret_is_in_the_register(shop):
    created = shop.plane.admin.post("/api/v1/callers", json={"name": "theme"}).json()
    secret = created["key"].split("_", 2)[2]
    text = shop.plane.admin.get("/api/v1/register/events", params={"limit": 1000}).text
    digest = shop.plane.document("keys")["keys"].get(created["id"], {}).get("digest", "none yet")
    assert secret not in text
    assert digest not in text


def test_the_register_verifies_over_http_and_that_is_an_event(shop):
    result = shop.plane.admin.get("/api/v1/register/verify").json()
    assert result["ok"], result
    after = events(shop.plane, after=result["size"], action="register:verify")
    assert after[0]["diff"]["root"] == [None, result["root"]]


def test_only_some_may_read_it(shop):
    assert shop.author.get("/api/v1/register/events").status_code == 403


def segment(boot, first, last, **changes):
    count = last - first + 1
    members = {"gateway": "g1", "boot": boot, "first_seq": first, "last_seq": last}
    return {**members, "count": count, "root": "a" * 64, **changes}


def test_segments_are_recorded_once(shop):
    gateway, boot = shop.plane.holder("gateway"), shop.model
    body = segment(boot, 0, 9)
    assert gateway.post("/api/v1/segments", json=body).status_code == 201
    assert gateway.post("/api/v1/segments", json=body).status_code == 200
    for other in (segment(boot, 0, 9, root="b" * 64), segment(boot, 9, 11)):
        assert gateway.post("/api/v1/segments", json=other).status_code == 409
    entity = f"segment:g1/{boot}/0"
    found = events(shop.plane, entity=entity, action="segment:register")
    assert [event["outcome"] for event in found] == ["allowed"]


def test_a_gap_between_segments_is_named(shop):
    gateway, boot = shop.plane.holder("gateway"), shop.model
    for body, gap in [
        (segment(boot, 0, 9), None),
        (segment(boot, 10, 19), None),
        (segment(boot, 25, 29), [20, 24]),
        (segment(boot, 30, 30), None),
        # What was missing comes late.
        (segment(boot, 20, 24), None),
        # A boot begins at 0.
        (segment(f"{boot}-b", 3, 4), [0, 2]),
        (segment(boot, 31, 31, gateway="g2"), [0, 30]),
    ]:
        assert gateway.post("/api/v1/segments", json=body).status_code == 201
        entity = f"segment:{body['gateway']}/{body['boot']}/{body['first_seq']}"
        diff = events(shop.plane, entity=entity)[0]["diff"]
        assert diff.get("gap") == gap
        assert diff["last_seq"] == [None, body["last_seq"]]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"count": 11}, "count"),
        ({"count": 9}, "count"),
        ({"count": 0}, "count"),
        ({"count": 10.0}, "count"),
        ({"first_seq": -1, "count": 11}, "first_seq"),
        ({"last_seq": -1}, "last_seq"),
        ({"last_seq": 2**53, "count": 2**53 + 1}, "count"),
        ({"last_seq": 10**30, "count": 10**30 + 1}, "count"),
        ({"root": "A" * 64}, "root"),
        ({"root": "a" * 64 + "\n"}, "root"),
        ({"boot": "\ud800"}, "boot"),
    ],
)
def test_a_bad_segment_names_its_field(shop, change, field):
    body = json.dumps(segment(shop.model, 0, 9) | change)
    headers = {"Content-Type": "application/json"}
    answer = shop.plane.holder("gateway").post("/api/v1/segments", content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
