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
    assert stranger.get("/api/v1/models").status_code == 401
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


def test_segments_are_recorded_once(shop):
    gateway = shop.plane.holder("gateway")
    body = {
        "gateway": "g1",
        "boot": shop.model,
        "first_seq": 1,
        "last_seq": 10,
        "count": 10,
        "root": "a" * 64,
    }
    assert gateway.post("/api/v1/segments", json=body).status_code == 201
    assert gateway.post("/api/v1/segments", json=body).status_code == 200
    other = {**body, "root": "b" * 64}
    assert gateway.post("/api/v1/segments", json=other).status_code == 409
    overlapping = {**body, "first_seq": 10, "last_seq": 12, "count": 3}
    assert gateway.post("/api/v1/segments", json=overlapping).status_code == 409
    assert gateway.post("/api/v1/segments", json={**body, "count": 11}).status_code == 422
    entity = f"segment:g1/{shop.model}/1"
    assert len(events(shop.plane, entity=entity, action="segment:register")) == 1
