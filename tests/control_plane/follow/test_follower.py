"""A running control plane over a running upstream, which misbehaves in every way it may."""

import json
import signal
import time

import pytest

from control_plane.crash_point import VARIABLE, CrashPoint
from control_plane.follow.follower import GAP_S
from tests.control_plane.follow.conftest import CLIENT_KEY, DECRYPTION_KEY, payload, route

pytestmark = pytest.mark.acceptance
PACE = {
    "SIGNALBOX_FOLLOW_POLL_S": "0.5",
    "SIGNALBOX_FOLLOW_SILENCE_S": "1.5",
    "SIGNALBOX_FOLLOW_LATE_S": "2.5",
}
SLOW = {**PACE, "SIGNALBOX_FOLLOW_POLL_S": "600", "SIGNALBOX_FOLLOW_LATE_S": "600"}


class Line:
    """A model that follows an upstream, on a plane of its own."""

    def __init__(self, plane, open_shop, upstream, **settings):
        self.plane, self.upstream, self.id = plane, upstream, None
        self.keys = plane.home / "keys"
        (self.keys / "upstream.key").write_text(CLIENT_KEY)
        if plane.process is None:
            plane.start(**settings)
        self.shop = open_shop(plane)
        self.first = self.shop.bootstrap()
        self.key = f"model.{self.shop.model}"
        self.second, self.third = self.shop.register(2), self.shop.register(3)
        for version in (self.second, self.third):
            self.shop.report(version)

    def follow(self, **more):
        body = {
            "url": self.upstream.url,
            "client_key": "file:upstream.key",
            "models": [self.shop.model],
            "reason": "one place",
            **more,
        }
        answer = self.shop.author.post("/api/v1/follow", json=body)
        assert answer.status_code == 201, answer.text
        self.id = answer.json()["id"]
        agreed = {"reason": "agreed"}
        url = f"/api/v1/follow/{self.id}/approve"
        assert self.shop.author.post(url, json=agreed).status_code == 403
        assert self.shop.approver.post(url, json=agreed).status_code == 200

    def end(self):
        if self.id is not None and self.state()["state"] != "ended":
            url = f"/api/v1/follow/{self.id}/end"
            self.shop.author.post(url, json={"reason": "enough"}).raise_for_status()
            self.serves(self.first)

    def publish(self, version, *rules, **more):
        self.upstream.publish({self.key: route(version, *rules), "other.flag": {}}, **more)

    def serves(self, version):
        self.shop.routed(lambda feature: feature["defaultValue"]["serve"] == version)

    def state(self):
        return self.shop.author.get("/api/v1/follow").json()[0]

    def wait(self, condition):
        self.plane.wait(lambda: condition(self.state()), "the state of what is followed")

    def refused(self, why):
        self.wait(lambda state: any(why in each for each in state["refused"].values()))

    def metric(self, name):
        text = self.plane.client(None).get("/metrics").text
        lines = [line for line in text.splitlines() if line.startswith(name)]
        return float(lines[0].rpartition(" ")[2]) if lines else 0.0


@pytest.fixture(scope="module")
def planes(plane_with):
    """One for each pace: only one upstream is followed at a time, so each test ends its own."""
    return {name: plane_with(**pace) for name, pace in (("quick", PACE), ("slow", SLOW))}


@pytest.fixture
def line(planes, open_shop, upstream):
    opened = Line(planes["quick"], open_shop, upstream)
    yield opened
    opened.end()


@pytest.fixture
def slow_line(planes, open_shop, upstream):
    """Which all but never polls, so that what comes comes by the stream."""
    opened = Line(planes["slow"], open_shop, upstream)
    yield opened
    opened.end()


@pytest.fixture
def own_line(new_plane, open_shop, upstream):
    """On a plane that a test may stop."""
    return Line(new_plane, open_shop, upstream, **PACE)


def events(line, action):
    found = line.plane.person("compliance").get(
        "/api/v1/register/events",
        params={"action": action, "entity": f"follow:{line.id}", "limit": 100},
    )
    return found.json()


def test_what_the_upstream_publishes_is_served_and_ending_leads_back(line):
    line.publish(line.second)
    line.follow()
    line.serves(line.second)
    line.wait(lambda state: state["contact"]["streaming"])
    line.publish(line.third)
    line.serves(line.third)
    told = events(line, "follow:accept")
    assert [event["actor"]["id"] for event in told] == ["follower", "follower"]
    assert all(event["reason"].startswith("without our approval") for event in told)
    line.upstream.wait(lambda seen: seen["not_modified"] >= 2)
    line.end()
    line.upstream.wait(lambda seen: seen["streams"] == 0)


def test_a_version_that_is_registered_later_is_taken_then(line):
    tag = line.second.replace("00000002", "00000009")
    line.publish(tag)
    line.follow()
    line.refused("no registered version")
    line.serves(line.first)
    assert line.shop.register(9) == tag
    line.shop.report(tag)
    line.serves(tag)
    line.wait(lambda state: state["refused"] == {})


@pytest.mark.slow
def test_what_is_bad_leaves_the_last_good_one_and_is_told(line):
    line.publish(line.second)
    line.follow()
    line.serves(line.second)
    good = payload({line.key: route(line.third)})
    line.upstream.tell(body="<html>login</html>", push=True)
    line.refused("no JSON")
    line.upstream.tell(body=json.dumps(good | {"dateUpdated": "2020-01-01T00:00:00Z"}))
    line.refused("older than")
    line.upstream.tell(body='{"features":"' + "x" * (9 * 1024 * 1024) + '"}')
    line.refused("more than 8388608 bytes")
    line.upstream.tell(event="event: features\ndata: {torn\n\n")
    line.publish(line.third, encrypt=True)
    line.refused("it came encrypted")
    assert line.shop.feature()["defaultValue"]["serve"] == line.second
    assert line.metric('signalbox_control_plane_follow_payloads_total{outcome="refused"}') >= 4
    assert len(events(line, "follow:refuse")) >= 4
    line.publish(line.third)
    line.serves(line.third)
    line.wait(lambda state: state["refused"] == {})


@pytest.mark.slow
def test_an_upstream_that_never_stops_does_not_fill_the_register(line):
    line.publish(line.second)
    line.follow()
    line.serves(line.second)
    line.wait(lambda state: state["contact"]["streaming"])
    begun, old = time.monotonic(), payload({line.key: route(line.third)})
    dates = [f"2020-01-01T00:00:{second:02}Z" for second in range(60)]
    bodies = [json.dumps(old | {"dateUpdated": date}) for date in dates]
    line.upstream.tell(event="".join(f"event: features\ndata: {body}\n\n" for body in bodies))
    line.refused("older than")
    time.sleep(2)
    told = len(events(line, "follow:refuse"))
    assert 1 <= told <= (time.monotonic() - begun) / GAP_S + 1


@pytest.mark.slow
def test_an_encrypted_payload_is_read_with_the_key_agreed_on_and_no_other(line):
    (line.keys / "upstream.aes").write_text("AAAAAAAAAAAAAAAAAAAAAA==")
    line.publish(line.second, encrypt=True)
    line.follow(decryption_key="file:upstream.aes")
    line.refused("cannot be decrypted")
    # The key is put right in its file; nothing is restarted.
    (line.keys / "upstream.aes").write_text(DECRYPTION_KEY)
    line.serves(line.second)
    line.publish(line.third)
    line.refused("it came in clear")
    assert line.shop.feature()["defaultValue"]["serve"] == line.second
    shown = json.dumps(line.state()) + line.plane.client(None).get("/metrics").text
    assert DECRYPTION_KEY not in shown
    assert CLIENT_KEY not in shown


@pytest.mark.slow
def test_a_stream_that_drops_loses_nothing(slow_line):
    line = slow_line
    line.publish(line.second)
    line.follow()
    line.serves(line.second)
    line.upstream.wait(lambda seen: seen["streams"] == 1)
    for version in (line.third, line.second):
        # Published while no stream stands, and told to nobody.
        line.upstream.tell(drop=True)
        line.publish(version, push=False)
        line.serves(version)
    line.upstream.wait(lambda seen: seen["streams"] == 1)
    line.publish(line.third, push=False)
    line.upstream.tell(event="event: features-updated\ndata: \n\n")
    line.serves(line.third)


@pytest.mark.slow
def test_half_open_connections_are_given_up_and_silence_is_an_alarm(line):
    line.publish(line.second)
    line.follow()
    line.serves(line.second)
    line.wait(lambda state: state["contact"]["streaming"])
    line.upstream.tell(hang=True)
    line.wait(lambda state: state["late_since"])
    assert line.metric("signalbox_control_plane_follow_age_seconds") > 2
    assert line.plane.client(None).get("/health/ready").status_code == 200
    line.upstream.tell(hang=False)
    line.publish(line.third, push=False)
    line.serves(line.third)
    line.wait(lambda state: state["late_since"] is None)
    assert len(events(line, "follow:late")) == 2


def test_an_upstream_that_fails_is_asked_again(line):
    line.upstream.tell(status=502)
    line.follow()
    line.wait(lambda state: (state["contact"] or {}).get("failing") == "it answered 502")
    line.publish(line.second)
    line.upstream.tell(status=200, sse=False)
    line.serves(line.second)
    # It has no stream now, so none is asked for.
    assert line.upstream.seen()["subs"] == 0


def test_a_kill_stands_above_what_the_upstream_wants(line):
    line.publish(line.second)
    line.follow()
    line.serves(line.second)
    body = {"model": line.shop.model, "version": line.first, "reason": "bad"}
    line.shop.author.post("/api/v1/kills", json=body).raise_for_status()
    line.publish(line.third)
    line.serves(line.third)
    kills = line.plane.document("kill")["models"]
    assert kills[line.shop.model]["version"] == line.first


@pytest.mark.slow
def test_killed_between_fetch_and_publish_it_heals(own_line):
    line = own_line
    line.publish(line.second)
    line.follow()
    line.serves(line.second)
    steps = ((CrashPoint.FOLLOW_FETCHED, line.third), (CrashPoint.FOLLOW_TAKEN, line.second))
    for count, (point, version) in enumerate(steps, 2):
        assert line.plane.stop() == 0
        line.publish(version, push=False)
        line.plane.launch(**{VARIABLE: point.value, **PACE})
        assert line.plane.process.wait(60) == -signal.SIGKILL
        line.plane.start(**PACE)
        line.serves(version)
        assert len(events(line, "follow:accept")) == count
    verified = line.plane.person("compliance").get("/api/v1/register/verify")
    assert verified.status_code == 200, verified.text


@pytest.mark.slow
def test_two_replicas_follow_as_one(own_line, open_plane):
    line = own_line
    line.publish(line.second)
    line.follow()
    line.serves(line.second)
    if not line.plane.database_url:
        pytest.skip("replicas share a PostgreSQL")
    other = open_plane(line.plane.home, line.plane.database_url)
    try:
        other.start(**PACE)
        line.publish(line.third)
        line.serves(line.third)
        line.upstream.wait(lambda seen: seen["streams"] == 2)
        assert len(events(line, "follow:accept")) == 2
    finally:
        other.close()
