"""Ordered faults, over a real connection."""

import time

import httpx
import pytest

from tests.stand_in.shopify.process import StandIn

QUERY = "{ shop { name } }"


@pytest.fixture(scope="module")
def shop():
    with StandIn(orders="generated:20", rate=10) as running:
        yield running


@pytest.mark.parametrize("status", [402, 403, 404, 423, 429, 430, 500, 502, 503, 504])
def test_a_status_as_often_as_asked(shop, status):
    shop.fault(status, times=2)
    assert [shop.graphql(QUERY).status_code for _ in range(3)] == [status, status, 200]


def test_429_says_when_to_come_back(shop):
    shop.fault(429)
    assert shop.graphql(QUERY).headers["Retry-After"] == "2.0"


def test_a_connection_is_reset(shop):
    shop.fault("reset")
    with pytest.raises(httpx.TransportError):
        shop.graphql(QUERY)
    assert shop.graphql(QUERY).status_code == 200


def test_a_body_breaks_off(shop):
    shop.fault("half")
    with pytest.raises(httpx.TransportError):
        shop.graphql(QUERY)


def test_work_is_done_though_no_answer_comes(shop):
    shop.control("DELETE", "calls")
    shop.fault("no_answer")
    with pytest.raises(httpx.TransportError):
        shop.graphql(QUERY)
    assert [each.get("status") for each in shop.control("GET", "calls")] == [200]


def test_a_slow_body_takes_its_time_by_the_shop_s_clock(shop):
    shop.fault("slow", seconds=5)
    started = time.monotonic()
    assert shop.graphql(QUERY).json()["data"] == {"shop": {"name": "Demo"}}
    assert 0.4 < time.monotonic() - started < 5


def test_faults_are_of_a_path_and_can_be_taken_back(shop):
    shop.fault(500, path="/admin/oauth")
    assert shop.graphql(QUERY).status_code == 200
    shop.control("DELETE", "faults")
    answer = shop.http.post("/admin/oauth/access_token", json={})
    assert answer.status_code == 401


def test_an_unknown_fault_is_refused(shop):
    answer = shop.http.post("/_stand_in/faults", json={"kind": 418})
    assert answer.status_code == 400
