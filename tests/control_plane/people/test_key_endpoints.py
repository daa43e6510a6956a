from datetime import datetime

import pytest

pytestmark = pytest.mark.acceptance


def make(client, person, **body):
    answer = client.post(f"/api/v1/people/{person}/keys", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_person_makes_lists_and_revokes_their_own_keys(plane):
    me = plane.person("viewer")
    made = make(me, me.person, name="laptop")
    mine = plane.client(made["key"])
    assert mine.get("/api/v1/models").status_code == 200
    listed = mine.get(f"/api/v1/people/{me.person}/keys").json()
    assert [each["name"] for each in listed] == [None, "laptop"]
    assert listed[1]["prefix"] == made["key"][:17] + "…"
    assert made["key"][17:] not in str(listed)
    assert me.delete(f"/api/v1/keys/{made['id']}").status_code == 200
    assert mine.get("/api/v1/models").status_code == 401


def test_nobody_manages_anothers_keys(plane):
    me, other = plane.person("release_manager"), plane.person("viewer")
    theirs = plane.admin.get(f"/api/v1/people/{other.person}/keys").json()[0]["id"]
    url = f"/api/v1/people/{other.person}/keys"
    assert me.post(url).status_code == 403
    assert me.get(url).status_code == 403
    assert me.get("/api/v1/keys").status_code == 403
    assert me.delete(f"/api/v1/keys/{theirs}").status_code == 403
    assert me.post(f"/api/v1/keys/{theirs}/rotate").status_code == 403
    assert me.post("/api/v1/services/gateway/keys").status_code == 403
    # What does not exist looks like what is another's.
    assert me.delete(f"/api/v1/keys/{'0' * 12}").status_code == 403
    assert plane.admin.delete(f"/api/v1/keys/{'0' * 12}").status_code == 404


def test_a_services_key_manages_nothing(plane):
    gateway = plane.holder("gateway")
    own = next(k for k in plane.admin.get("/api/v1/keys").json() if k["service"] == "gateway")
    assert gateway.delete(f"/api/v1/keys/{own['id']}").status_code == 403
    assert gateway.post(f"/api/v1/keys/{own['id']}/rotate").status_code == 403


def test_scopes_limit_a_key_and_never_widen_it(plane):
    person = plane.person("release_manager", "viewer")
    made = make(person, person.person, scopes=["read", "kill"])
    limited = plane.client(made["key"])
    assert limited.get("/api/v1/session").json()["permissions"] == ["kill", "read"]
    assert limited.get("/api/v1/models").status_code == 200
    assert limited.post("/api/v1/releases", json={}).status_code == 403
    # Roles taken away are gone from its keys as well.
    roles = {"roles": ["viewer"]}
    assert plane.admin.patch(f"/api/v1/people/{person.person}", json=roles).status_code == 200
    assert limited.get("/api/v1/session").json()["permissions"] == ["read"]


def test_a_limited_key_makes_itself_no_better_one(plane):
    admin = plane.person("admin")
    made = make(admin, admin.person, scopes=["read"])
    limited = plane.client(made["key"])
    url = f"/api/v1/people/{admin.person}/keys"
    assert limited.post(url).status_code == 403
    assert limited.get(url).status_code == 403
    assert limited.post(f"/api/v1/keys/{made['id']}/rotate").status_code == 403
    assert limited.delete(f"/api/v1/people/{admin.person}/sessions").status_code == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["read", "king"]}, "scopes[1]"),
        ({"scopes": ["people"]}, "scopes[0]"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"scopes": "read"}, "scopes"),
    ],
)
def test_a_bad_key_names_its_field(plane, body, field):
    person = plane.person("viewer")
    answer = person.post(f"/api/v1/people/{person.person}/keys", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_two_are_live_while_rotating_and_never_three(plane):
    person = plane.person("viewer")
    made = make(person, person.person, name="ci", scopes=["read"])
    answer = person.post(f"/api/v1/keys/{made['id']}/rotate", json={"overlap_s": 3600})
    assert answer.status_code == 201
    new = answer.json()
    assert (new["name"], new["scopes"]) == ("ci", ["read"])
    for key in (made["key"], new["key"]):
        assert plane.client(key).get("/api/v1/models").status_code == 200
    assert person.post(f"/api/v1/keys/{made['id']}/rotate").status_code == 409
    third = person.post(f"/api/v1/keys/{new['id']}/rotate")
    assert third.status_code == 409
    assert f"revoke {made['id']}" in third.json()["detail"]
    assert person.delete(f"/api/v1/keys/{made['id']}").status_code == 200
    assert plane.client(made["key"]).get("/api/v1/models").status_code == 401
    assert person.post(f"/api/v1/keys/{new['id']}/rotate").status_code == 201
    query = {"entity": f"key:{made['id']}"}
    events = plane.admin.get("/api/v1/register/events", params=query).json()
    done = [event["action"] for event in events if event["outcome"] == "allowed"]
    assert done == ["key:create", "key:rotate", "key:revoke"]
    assert events[1]["diff"]["replaced_by"] == [None, new["id"]]


def test_without_overlap_the_old_key_ends_at_once(plane):
    person = plane.person("viewer")
    made = make(person, person.person)
    new = person.post(f"/api/v1/keys/{made['id']}/rotate", json={"overlap_s": 0}).json()
    assert plane.client(made["key"]).get("/api/v1/models").status_code == 401
    assert plane.client(new["key"]).get("/api/v1/models").status_code == 200
    assert person.post(f"/api/v1/keys/{made['id']}/rotate").status_code == 409
    too_long = person.post(f"/api/v1/keys/{new['id']}/rotate", json={"overlap_s": 2_592_001})
    assert too_long.status_code == 422


def test_a_successor_lives_as_long_as_its_elder_was_to(plane):
    person = plane.person("viewer")
    made = make(person, person.person, expires_at="2099-01-01T00:00:00Z")
    new = person.post(f"/api/v1/keys/{made['id']}/rotate", json={"overlap_s": 60}).json()

    def life(key):
        made_at, ends = (datetime.fromisoformat(key[n]) for n in ("created_at", "expires_at"))
        return (ends - made_at).total_seconds()

    assert life(new) == pytest.approx(life(made), abs=60)


def test_a_disabled_persons_keys_do_not_come_back_with_them(plane):
    person = plane.person("viewer")
    url = f"/api/v1/people/{person.person}"
    assert plane.admin.delete(url).status_code == 200
    assert plane.admin.post(f"{url}/enable").json()["disabled_at"] is None
    assert person.get("/api/v1/models").status_code == 401
    new = make(plane.admin, person.person)
    assert plane.client(new["key"]).get("/api/v1/models").status_code == 200


def test_an_access_review_tells_roles_since_when_and_keys(plane):
    person = plane.person("viewer")
    url = f"/api/v1/people/{person.person}"
    plane.admin.patch(url, json={"roles": ["viewer", "approver"]})
    made = make(person, person.person, name="own")
    assert person.get("/api/v1/access-review").status_code == 403
    review = plane.person("compliance").get("/api/v1/access-review").json()
    found = next(each for each in review["people"] if each["id"] == person.person)
    assert list(found["roles"]) == ["approver", "viewer"]
    assert found["roles"]["viewer"]["at"] < found["roles"]["approver"]["at"]
    assert found["roles"]["approver"]["by"] == "admin"
    assert [key["made_by_another"] for key in found["keys"]] == [True, False]
    assert found["keys"][0]["last_used_at"] is not None
    assert made["key"][17:] not in str(review)
    assert "digest" not in str(review)
    assert {each["id"] for each in review["services"]} >= {"gateway", "fleet", "trainer"}
