"""Webhooks of a running control plane: told over HTTP, sent to a receiver's process."""

import json
import shutil
import signal
from contextlib import suppress

import httpx
import pytest
from standardwebhooks import Webhook

from control_plane.crash_point import CrashPoint

pytestmark = pytest.mark.acceptance
API = "/api/v1/webhooks"
SETTINGS = {
    "SIGNALBOX_WEBHOOK_NETWORKS": "127.0.0.0/8",
    "SIGNALBOX_WEBHOOK_HTTP": "true",
    "SIGNALBOX_WEBHOOK_INTERVAL_S": "0.05",
    "SIGNALBOX_WEBHOOK_TIMEOUT_S": "1",
}


@pytest.fixture(scope="module")
def telling(plane_with):
    plane = plane_with(**SETTINGS)
    plane.start()
    return plane


@pytest.fixture
def telling_shop(telling, open_shop):
    return open_shop(telling)


def subscribe(plane, receiver, *events, path=""):
    body = {"name": "ci", "url": receiver.url + path, "events": list(events)}
    answer = plane.admin.post(API, json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    receiver.take(made["secret"])
    return made


def test_a_release_is_told_step_by_step(telling, telling_shop, up):
    subscribe(telling, up, "release.*", "document.published", "version.registered")
    telling_shop.bootstrap()
    release = telling_shop.must(telling_shop.started(2), "ramp", "pause")
    telling_shop.must(release, "rollback")
    telling.wait(lambda: up.told("release.rolled_back"), "the last message")
    telling.wait(lambda: len(up.told("document.published")) >= 3, "the publications")
    mine = [t for t in up.told("release.") if t["data"]["entity"] == f"release:{release['id']}"]
    assert [each["type"].partition(".")[2] for each in mine] == [
        *("created", "submitted", "approved", "started", "ramped", "paused", "rolled_back")
    ]
    assert {each["data"]["model"] for each in mine} == {telling_shop.model}
    assert mine[4]["data"]["weight"] == release["weight"]
    assert up.told("version.registered")[0]["data"]["model"] == telling_shop.model
    assert all(each["verified"] == 1 for each in up.received)
    # In the order they happened, each once, and nobody's name in it.
    numbers = [each["data"]["seq"] for each in up.told()]
    assert numbers == sorted(set(numbers))
    people = {telling_shop.author.person, telling_shop.approver.person, "test"}
    assert not any(f'"{name}"' in each["body"] for name in people for each in up.received)


def test_the_secret_is_shown_once_and_is_nowhere_in_clear(telling, up):
    made = subscribe(telling, up, "kill.*", path="/T00/path-secret")
    webhook, secret = made["id"], made["secret"]
    assert secret.startswith("whsec_")
    shown = telling.admin.get(f"{API}/{webhook}").json()
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert shown in telling.admin.get(API).json()
    events = telling.admin.get(
        "/api/v1/register/events", params={"entity": f"webhook:{webhook}"}
    ).text
    assert json.loads(events)[0]["diff"]["origin"] == [None, up.url.removesuffix("/hooks")]
    for text in (secret, secret.removeprefix("whsec_")):
        assert text not in json.dumps(shown) + events
    assert "path-secret" not in events
    files = [telling.home / "control_plane" / f"signalbox.db{end}" for end in ("", "-wal")]
    held = b"".join(path.read_bytes() for path in files if path.exists())
    assert secret.removeprefix("whsec_").encode() not in held


def test_a_test_message_arrives_and_is_no_event_of_anybody_s(telling, up):
    made = subscribe(telling, up, "kill.set")
    delivery = telling.admin.post(f"{API}/{made['id']}/test").json()
    telling.wait(lambda: up.told("webhook.test"), "the test")
    url = f"/api/v1/webhook-deliveries/{delivery['id']}"
    found = telling.wait(
        lambda: (f := telling.admin.get(url).json())["state"] == "delivered" and f, "the note"
    )
    assert (found["attempts"], found["tried"][0]["status"]) == (1, 204)
    assert found["body"] == up.received[0]["body"]
    assert found["message_id"] == up.ids()[0]


def test_while_a_secret_is_rotated_either_verifies(telling, up):
    made = subscribe(telling, up, "kill.set")
    new = telling.admin.post(f"{API}/{made['id']}/rotate", json={"overlap_s": 60}).json()
    assert len(new["secrets"]) == 2
    up.take(made["secret"], new["secret"])
    telling.admin.post(f"{API}/{made['id']}/test")
    telling.wait(lambda: up.received, "the test")
    assert up.received[0]["verified"] == 2
    assert telling.admin.post(f"{API}/{made['id']}/rotate").status_code == 409
    last = telling.admin.post(f"{API}/{made['id']}/rotate", json={"overlap_s": 0}).json()
    assert len(last["secrets"]) == 1
    telling.admin.post(f"{API}/{made['id']}/test")
    telling.wait(lambda: len(up.received) == 2, "the test")
    headers, body = up.received[1]["headers"], up.received[1]["body"]
    assert up.received[1]["verified"] == 0
    assert Webhook(last["secret"]).verify(body, headers)["type"] == "webhook.test"


def test_what_may_not_be_is_refused_by_its_field(plane):
    """A plane of usual settings: https, to public addresses."""
    good = {"name": "ci", "url": "https://hooks.example/x", "events": ["kill.*"]}
    for change in (
        {"url": "http://hooks.example/x"},
        {"url": "https://127.0.0.1/x"},
        {"url": "https://[::ffff:169.254.169.254]/latest/meta-data"},
        {"url": "https://user:password@hooks.example/"},
        {"url": ""},
        {"events": []},
        {"events": ["kill"]},
        {"events": ["person.*"]},
        {"name": ""},
        {"more": 1},
    ):
        answer = plane.admin.post(API, json=good | change)
        assert answer.status_code == 422, change
        assert answer.json()["errors"][0]["field"].startswith(next(iter(change)))
    made = plane.admin.post(API, json=good).json()
    url = f"{API}/{made['id']}"
    assert plane.admin.patch(url, json={"url": "https://10.0.0.1/"}).status_code == 422
    assert plane.admin.patch(url, json={"name": None}).status_code == 422
    edited = plane.admin.patch(url, json={"events": ["*"], "url": good["url"] + "/y"}).json()
    assert (edited["events"], edited["url_revision"]) == (["*"], 2)
    reason = {"reason": "test"}
    assert plane.admin.post(f"{url}/disable", json=reason).json()["disabled_reason"] == "test"
    assert plane.admin.post(f"{url}/test").status_code == 409
    assert plane.admin.post(f"{url}/redeliver").status_code == 409
    assert plane.admin.post(f"{url}/enable").json()["disabled_at"] is None
    assert plane.admin.delete(url).status_code == 204
    assert plane.admin.get(url).status_code == 404
    assert plane.admin.get("/api/v1/webhook-deliveries/none").status_code == 404
    assert plane.admin.get("/api/v1/webhook-deliveries?state=lost").status_code == 422
    told = plane.admin.get("/api/v1/register/events", params={"entity": f"webhook:{made['id']}"})
    assert [each["action"].partition(":")[2] for each in told.json()] == [
        *("create", "edit", "disable", "enable", "delete")
    ]


def test_a_name_that_stands_for_this_machine_is_refused_when_it_is_sent(plane):
    body = {"name": "ci", "url": f"https://localhost:{plane.port}/", "events": ["kill.*"]}
    webhook = plane.admin.post(API, json=body).json()["id"]
    delivery = plane.admin.post(f"{API}/{webhook}/test").json()["id"]
    url = f"/api/v1/webhook-deliveries/{delivery}"
    tried = plane.wait(lambda: plane.admin.get(url).json()["tried"], "the attempt")
    assert tried[0]["status"] is None
    assert "not public" in tried[0]["error"]
    plane.admin.delete(f"{API}/{webhook}")


def test_metrics_tell_how_it_goes(telling, up):
    made = subscribe(telling, up, "kill.set")
    telling.admin.post(f"{API}/{made['id']}/test")
    telling.wait(lambda: up.received, "the test")
    name = "signalbox_control_plane_webhook_attempts_total"
    telling.wait(
        lambda: f'{name}{{outcome="delivered"}}' in telling.client(None).get("/metrics").text,
        "the count",
    )


def crash(plane, point, change):
    """Start a plane that dies at this point, change something, see it die, start it anew."""
    plane.stop()
    plane.start(SIGNALBOX_CRASH_AT=point.value)
    with suppress(httpx.TransportError):
        change()
    assert plane.ended() == -signal.SIGKILL
    plane.start()


@pytest.mark.parametrize(
    ("point", "times"),
    [
        # Durable, and the process gone before anybody was told.
        pytest.param(CrashPoint.CHANGE_COMMITTED, 1, marks=pytest.mark.slow),
        pytest.param(CrashPoint.WEBHOOKS_DUE, 1, marks=pytest.mark.slow),
        # Sent, and gone before that was written down: again, under the same id.
        (CrashPoint.WEBHOOK_SENT, 2),
    ],
)
@pytest.mark.slow
def test_killed_between_commit_and_delivery_nothing_is_lost_or_invented(
    make_plane, open_shop, tmp_path, up, point, times
):
    plane = make_plane(tmp_path / "home", **SETTINGS)
    try:
        plane.start()
        shop = open_shop(plane)
        version = shop.bootstrap()
        subscribe(plane, up, "kill.*")
        body = {"model": shop.model, "version": version, "reason": "crash"}
        crash(plane, point, lambda: shop.author.post("/api/v1/kills", json=body))
        plane.wait(lambda: up.told("kill.set"), "the message", within_s=60)
        found = plane.wait(
            lambda: [
                each
                for each in plane.admin.get("/api/v1/webhook-deliveries").json()
                if each["state"] == "delivered"
            ],
            "the note",
            within_s=60,
        )
        assert len(up.told("kill.set")) == times
        assert set(up.ids()) == {found[0]["message_id"]}
        assert all(each["verified"] == 1 for each in up.received)
        events = plane.admin.get("/api/v1/register/events", params={"action": "kill:set"}).json()
        assert [t["data"]["seq"] for t in up.told("kill.set")] == [events[0]["seq"]] * times
        assert plane.admin.get("/api/v1/register/verify").json()["ok"]
    finally:
        plane.close()


@pytest.mark.slow
def test_two_replicas_on_one_postgresql_deliver_each_once(
    tmp_path, postgresql_databases, open_plane, open_shop, up
):
    url = postgresql_databases.url(postgresql_databases.empty())
    planes = [open_plane(tmp_path / name, url) for name in ("first", "second")]
    for plane in planes:
        plane.settings = SETTINGS
    first, second = planes
    first.initialise()
    shutil.copytree(first.home / "keys", second.home / "keys")
    try:
        for plane in planes:
            plane.launch()
        for plane in planes:
            plane.wait_until_ready()
        subscribe(first, up, "version.registered")
        shop = open_shop(first)
        versions = []
        for number in range(1, 41):
            shop.move_to(planes[number % 2])
            versions.append(shop.register(number))
            if number == 25:
                first.stop(signal.SIGKILL)
                planes = [second, second]
        second.wait(lambda: len(set(up.ids())) == 40, "all of them", within_s=60)
        entities = [each["data"]["entity"] for each in up.told()]
        # The one that was killed may have sent one it could not write down.
        assert len(entities) <= 41
        assert list(dict.fromkeys(entities)) == [f"version:{each}" for each in versions]
        assert all(each["verified"] == 1 for each in up.received)
    finally:
        for plane in (first, second):
            plane.close()
