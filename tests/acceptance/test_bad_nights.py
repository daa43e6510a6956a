"""Nights whose orders are bad, each in its own way: stopped at the gate, while what was released
before goes on answering every call. All of it real: plane, fleet, gateway, the trained bento."""

import json
import threading
from datetime import timedelta
from types import SimpleNamespace

import httpx
import pytest

from load_tests.installation.line import SHOP, Line
from tests.acceptance import bad_orders
from tests.training.nightly.installation import CONSENT, Installation, steps

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(1500)]
MODEL = "fraud"
ASKED = {"targeting_key": "k", "instances": [{"amount": 80.0, "items": 2}]}
SETTINGS = {"SIGNALBOX_SHOP": SHOP, "SIGNALBOX_NIGHTLY_MAX_AGE_DAYS": "2"}
STOPPED = 3


class Shopper:
    """Asks the gateway again and again until the block ends."""

    def __init__(self, line):
        self.versions, self.problems = set(), []
        self._line, self._over = line, threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _ask(self):
        with httpx.Client(base_url=self._line.gateway_url, timeout=20, trust_env=False) as client:
            while not self._over.is_set():
                answer = predict(self._line, client)
                if answer.status_code != 200 or answer.json()["reason"] == "FALLBACK":
                    self.problems.append(answer.text)
                else:
                    self.versions.add(answer.json()["model_version"])
                self._over.wait(0.05)


def predict(line, client):
    headers = {"authorization": f"Bearer {line.keys['caller']}"}
    return client.post(f"/v1/models/{MODEL}:predict", json=ASKED, headers=headers)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """An installation after one good night, whose version is released and answers."""
    folder = tmp_path_factory.mktemp("bad")
    line = Line(folder / "home")
    try:
        assert line.run("-m", "control_plane.cli", "init").returncode == 0
        line.start_control_plane()
        line.introduce()
        line.start("fleet", "control_plane.fleet")
        give_consent(line)
        rows = bad_orders.good_orders()
        orders = folder / "orders.parquet"
        bad_orders.write(orders, rows)
        nights = Installation(line.home, orders, plane=SimpleNamespace(url=line.control_url))
        moment = bad_orders.last_moment(rows) + timedelta(hours=6)
        night = nights.night(now=moment.isoformat(), **SETTINGS)
        stable = steps(night)[f"package {MODEL}"]["output"]["version"]
        release(line)
        line.start_gateway()
        line.until(lambda: predict(line, line.gateway).status_code == 200)
        yield SimpleNamespace(
            line=line, nights=nights, rows=rows, orders=orders, moment=moment, stable=stable
        )
    finally:
        line.stop_all()


def give_consent(line):
    person = {"id": "cleo", "name": "Cleo", "roles": ["compliance"]}
    line.call("admin", "POST", "/api/v1/people", person)
    line.keys["compliance"] = line.call("admin", "POST", "/api/v1/people/cleo/keys", {})["key"]
    for purpose in ("fraud", "recommendations", "pricing"):
        consent = {"purpose": purpose, "use": "train", **CONSENT}
        line.call("compliance", "POST", "/api/v1/consents", consent)


def release(line):
    """What persons do with the night's draft."""
    (draft,) = line.call("author", "GET", "/api/v1/releases")
    revision = line.move(draft["id"], "submit")["revision"]
    line.move(draft["id"], "approve", actor="approver", expected_revision=revision)
    line.move(draft["id"], "start")


def left_behind(shop):
    """What a night that stops must not touch."""
    line = shop.line
    pointer = shop.line.home / "features" / "current"
    return {
        "versions": line.call("author", "GET", "/api/v1/versions"),
        "releases": line.call("author", "GET", "/api/v1/releases"),
        "features": pointer.read_bytes(),
        "snapshots": sorted(path.name for path in (line.home / "lake" / "snapshots").rglob("*")),
    }


@pytest.mark.parametrize("number", range(8))
def test_bad_data_stops_the_night_and_last_night_s_model_answers_every_call(shop, number):
    bad = bad_orders.every_kind(shop.rows)[number]
    bad_orders.write(shop.orders, bad.rows, bad.price)
    before = left_behind(shop)
    with Shopper(shop.line) as shopper:
        now = (shop.moment + timedelta(hours=1 + number) + bad.later).isoformat()
        record = shop.nights.night(now=now, code=STOPPED, **SETTINGS)
    assert (shopper.versions, shopper.problems) == ({shop.stable}, [])
    assert left_behind(shop) == before
    stopped = [step for step in record["steps"] if step["outcome"] == "stopped"]
    assert [step["step"] for step in stopped] == [bad.step]
    named = [(each["check"], each["column"]) for each in stopped[0]["findings"]]
    assert named == [(bad.check, bad.column)], stopped[0]["error"]
    [finding] = stopped[0]["findings"]
    assert "expected" in finding["what"]
    assert finding["advice"].endswith(".")
    assert 1 <= len(finding["rows"]) <= 5
    assert bad.seen in json.dumps(finding["rows"])
    assert "@example.com" not in json.dumps(record)
    [told] = shop.line.call("author", "GET", "/api/v1/nights?limit=1")
    assert (told["id"], told["outcome"]) == (record["id"], "stopped")
    assert told["problems"] == [{"step": bad.step, "check": bad.check, "column": bad.column}]
    metrics = shop.line.control.get("/metrics").text
    assert 'signalbox_control_plane_night_outcome{outcome="stopped"} 1.0' in metrics
    assert {steps(record)[f"{name} {MODEL}"]["outcome"] for name in ("fit", "register")} == {
        "skipped"
    }


def test_what_is_meant_is_let_through_by_name_and_good_orders_by_themselves(shop):
    bad_orders.write(shop.orders, shop.rows, bad_orders.pa.string())
    now = (shop.moment + timedelta(hours=20)).isoformat()
    record = shop.nights.night("--accept", "schema change", now=now, **SETTINGS)
    overruled = steps(record)["check"]["output"]["overruled"]
    assert [finding["check"] for finding in overruled] == ["schema change"]
    assert record["accept"] == ["schema change"]
    # The next night knows these columns, and misses them when they are as before.
    later = (shop.moment + timedelta(hours=21)).isoformat()
    assert shop.nights.night(now=later, **SETTINGS)["accept"] == []
    bad_orders.write(shop.orders, shop.rows)
    shop.nights.night("--accept", "schema change", now=later, **SETTINGS)
