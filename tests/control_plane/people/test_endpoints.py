import pytest

pytestmark = pytest.mark.acceptance


def test_a_key_is_shown_once_and_only_its_digest_kept(plane):
    person = plane.person("viewer")
    keys = [
        k for k in plane.admin.get("/api/v1/keys?limit=1000").json() if k["person"] == person.person
    ]
    assert len(keys) == 1
    assert not {"digest", "secret", "key"} & set(keys[0])
    assert person.get("/api/v1/models").status_code == 200


def test_a_revoked_key_ends_and_another_of_the_same_person_goes_on(plane):
    person = plane.person("viewer")
    answer = plane.admin.post(f"/api/v1/people/{person.person}/keys").json()
    second = plane.client(answer["key"])
    assert plane.admin.delete(f"/api/v1/keys/{answer['id']}").json()["revoked_at"]
    assert second.get("/api/v1/models").status_code == 401
    assert person.get("/api/v1/models").status_code == 200


def test_an_expired_key_ends(plane):
    person = plane.person("viewer")
    body = {"expires_at": "2026-01-01T00:00:00Z"}
    key = plane.admin.post(f"/api/v1/people/{person.person}/keys", json=body).json()["key"]
    assert plane.client(key).get("/api/v1/models").status_code == 401


def test_a_disabled_person_is_shut_out(plane):
    person = plane.person("viewer")
    assert plane.admin.delete(f"/api/v1/people/{person.person}").json()["disabled_at"]
    assert person.get("/api/v1/models").status_code == 401
    assert plane.admin.post(f"/api/v1/people/{person.person}/keys").status_code == 409


def test_a_wrong_secret_or_a_malformed_key_is_refused_alike(plane):
    known = (plane.home / "keys" / "admin.key").read_text().strip()
    forged = known[:-1] + ("A" if known[-1] != "A" else "B")
    details = set()
    for key in (forged, "sbx_nothing", f"sbx_{'0' * 12}_{'x' * 43}"):
        answer = plane.client(key).get("/api/v1/models")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        details.add(answer.json()["detail"])
    assert len(details) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"id": "Ada", "name": "x", "roles": ["viewer"]}, "id"),
        ({"id": "ada\n", "name": "x", "roles": ["viewer"]}, "id"),
        ({"id": "ada", "name": "", "roles": ["viewer"]}, "name"),
        ({"id": "ada", "name": "x", "roles": []}, "roles"),
        ({"id": "ada", "name": "x", "roles": ["viewer", "king"]}, "roles[1]"),
        ({"id": "ada", "name": "x", "roles": ["service"]}, "roles[0]"),
        ({"id": "ada", "name": "x"}, "roles"),
        ({"id": 1, "name": "x", "roles": ["viewer"]}, "id"),
    ],
)
def test_a_bad_person_names_its_field(plane, body, field):
    answer = plane.admin.post("/api/v1/people", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_roles_change_at_once_but_never_ones_own(plane):
    person = plane.person("viewer")
    url = f"/api/v1/people/{person.person}"
    assert person.get("/api/v1/callers").status_code == 403
    assert plane.admin.patch(url, json={"roles": ["admin"]}).status_code == 200
    assert person.get("/api/v1/callers").status_code == 200
    assert person.patch(url, json={"roles": ["viewer"]}).status_code == 409


def test_nobody_shuts_themselves_out(plane):
    admin = plane.person("admin")
    url = f"/api/v1/people/{admin.person}"
    assert admin.delete(url).status_code == 409
    assert admin.get("/api/v1/callers").status_code == 200
    assert plane.admin.delete(url).status_code == 200


def test_services_have_just_their_permissions(plane):
    gateway, fleet = plane.holder("gateway"), plane.holder("fleet")
    assert gateway.get("/fleet/v1/desired").status_code == 403
    assert gateway.get("/api/v1/models").status_code == 403
    assert fleet.get("/gateway/v1/documents/index").status_code == 403
    assert plane.holder("trainer").post("/api/v1/people", json={}).status_code == 403


def test_a_second_gateway_gets_its_own_key(plane):
    key = plane.admin.post("/api/v1/services/gateway/keys").json()["key"]
    assert plane.client(key).get("/gateway/v1/documents/index").status_code == 200
    assert plane.admin.post("/api/v1/services/king/keys").status_code == 422
