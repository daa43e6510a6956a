"""A write that is sent again, over HTTP: while it is made, after it, after a crash, elsewhere."""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import uuid4

import httpx
import pytest

from control_plane.crash_point import CrashPoint
from control_plane.errors import InFlightError
from control_plane.idempotency.requests import InFlight

SECRETS = {
    "/api/v1/people/{person}/keys": {},
    "/api/v1/services/trainer/keys": {},
    "/api/v1/people/{person}/password": None,
    "/api/v1/callers": {"name": "shop", "scopes": ["infer"], "models": []},
    "/api/v1/sdk-keys": {"name": "theme", "kind": "server", "models": []},
}


def new_key():
    return {"Idempotency-Key": f'"{uuid4()}"'}


def freeze(client, headers, **more):
    body = {"starts_at": "2099-01-01T00:00:00Z", "ends_at": "2099-01-02T00:00:00Z"}
    body |= {"reason": f"test {headers}", **more}
    return client.post("/api/v1/freezes", json=body, headers=headers)


def freezes_because_of(client, headers):
    listed = client.get("/api/v1/freezes", params={"limit": 1000}).json()
    return [each for each in listed if each["reason"] == f"test {headers}"]


def test_sent_again_it_is_answered_again_and_done_once(plane):
    manager, headers = plane.person("release_manager"), new_key()
    first, again = freeze(manager, headers), freeze(manager, headers)
    assert first.status_code == again.status_code == 201, first.text
    assert first.json() == again.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert len(freezes_because_of(manager, headers)) == 1
    # With the quotes or without, it is one key.
    bare = {"Idempotency-Key": headers["Idempotency-Key"].strip('"')}
    body = {"starts_at": "2099-01-01T00:00:00Z", "ends_at": "2099-01-02T00:00:00Z"}
    bare_again = manager.post(
        "/api/v1/freezes", json=body | {"reason": f"test {headers}"}, headers=bare
    )
    assert bare_again.json() == first.json()


def test_the_same_key_for_another_change_is_refused_with_what_to_do(plane):
    manager, headers = plane.person("release_manager"), new_key()
    freeze(manager, headers)
    for answer in (
        freeze(manager, headers, ticket="T-1"),
        manager.put("/api/v1/attributes", json={"colour": "string"}, headers=headers),
    ):
        assert answer.status_code == 422
        told = answer.json()
        assert told["title"] == "Idempotency key used before"
        assert "send a new key for a new change" in told["detail"]


def test_another_s_key_is_another_key(plane):
    headers = new_key()
    managers = [plane.person("release_manager") for _ in range(2)]
    made = [freeze(manager, headers) for manager in managers]
    assert [answer.status_code for answer in made] == [201, 201]
    assert made[0].json()["id"] != made[1].json()["id"]


def test_what_was_refused_changed_nothing_and_may_be_tried_again(plane, shop):
    headers, version = new_key(), shop.register(1)
    body = {"model": shop.model, "candidate": version, "reason": "test", "kind": "bootstrap"}
    viewer = plane.person("viewer")
    for _ in range(2):
        assert viewer.post("/api/v1/releases", json=body, headers=headers).status_code == 403
    # No version, no release; with it, the same request is carried out.
    later = body | {"candidate": f"{shop.model}:20261122-00000002"}
    assert shop.author.post("/api/v1/releases", json=later, headers=headers).status_code >= 400
    shop.register(2)
    made = shop.author.post("/api/v1/releases", json=later, headers=headers)
    assert made.status_code == 201, made.text
    again = shop.author.post("/api/v1/releases", json=later, headers=headers)
    assert again.json() == made.json()
    # What an edit needs to know comes again, too.
    assert again.headers["etag"] == made.headers["etag"]


def test_whoever_lost_the_right_meanwhile_is_refused(plane):
    manager, headers = plane.person("release_manager"), new_key()
    assert freeze(manager, headers).status_code == 201
    roles = {"roles": ["viewer"]}
    assert plane.admin.patch(f"/api/v1/people/{manager.person}", json=roles).status_code == 200
    assert freeze(manager, headers).status_code == 403


@pytest.mark.parametrize("values", ["", "a b", "x" * 256])
def test_what_is_no_key_is_refused(plane, values):
    answer = freeze(plane.person("release_manager"), {"Idempotency-Key": values})
    assert answer.status_code == 400
    assert "send a new UUID for each change" in answer.json()["detail"]


@pytest.mark.parametrize("path", SECRETS)
def test_a_secret_is_shown_once_and_kept_nowhere(plane, shop, path):
    headers, person = new_key(), plane.person("viewer").person
    url, body = path.format(person=person), SECRETS[path]
    if body and "models" in body:
        shop.register(1)
        body = body | {"models": [shop.model]}
    made = plane.admin.post(url, json=body, headers=headers)
    assert made.status_code == 201, made.text
    secret = made.json().get("key") or made.json()["password"]
    again = plane.admin.post(url, json=body, headers=headers)
    assert again.status_code == 409
    told = again.json()
    assert told["title"] == "Carried out already"
    assert "shown once and not kept" in told["detail"]
    rest = {k: v for k, v in made.json().items() if k not in ("key", "password")}
    assert told["made"] == rest
    assert secret not in again.text
    if not plane.database_url and not secret.startswith("sdk-"):
        for file in (plane.home / "control_plane").iterdir():
            assert secret.encode() not in file.read_bytes(), file.name


def test_one_holder_s_key_is_served_once_at_a_time():
    busy = InFlight()
    busy.enter(("key", "Bearer a"))
    busy.enter(("key", "Bearer b"))
    with pytest.raises(InFlightError, match="send it again in a second") as raised:
        busy.enter(("key", "Bearer a"))
    assert (raised.value.status, raised.value.retry_after_s) == (409, 1)
    busy.leave(("key", "Bearer a"))
    busy.enter(("key", "Bearer a"))


def at_once(clients, headers):
    """All of them send one keyed change at the same moment."""
    together = threading.Barrier(len(clients))

    def send(client):
        together.wait()
        return freeze(client, headers)

    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(send, clients))


def test_sent_many_times_at_once_it_is_done_once(plane):
    manager = plane.person("release_manager")
    for _ in range(5):
        headers = new_key()
        answers = at_once([manager] * 6, headers)
        done = [answer for answer in answers if answer.status_code == 201]
        in_flight = [answer for answer in answers if answer.status_code == 409]
        assert len(done) + len(in_flight) == 6
        assert len({answer.json()["id"] for answer in done}) == 1
        assert all(answer.headers["retry-after"] == "1" for answer in in_flight)
        assert len(freezes_because_of(manager, headers)) == 1


@pytest.mark.acceptance
@pytest.mark.slow
def test_killed_on_either_side_of_the_commit_it_is_done_once(new_plane):
    new_plane.start()
    manager = new_plane.person("release_manager")
    for point, replayed in ((CrashPoint.ANSWERED, False), (CrashPoint.CHANGE_COMMITTED, True)):
        headers = new_key()
        new_plane.stop()
        new_plane.start(SIGNALBOX_CRASH_AT=point.value)
        with suppress(httpx.TransportError):
            freeze(manager, headers)
        assert new_plane.ended() == -signal.SIGKILL
        new_plane.start()
        assert len(freezes_because_of(manager, headers)) == int(replayed)
        again = freeze(manager, headers)
        assert again.status_code == 201, again.text
        assert ("idempotency-replayed" in again.headers) is replayed
        assert len(freezes_because_of(manager, headers)) == 1
