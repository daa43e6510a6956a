import asyncio

import pytest

from control_plane.metrics import Metrics
from control_plane.request_metrics import CountedRequests


class Route:
    path = "/things/{thing_id}"


def ask(answering, method="GET", **scope):
    """One request to an application; what is exposed afterwards."""
    metrics = Metrics()

    async def nothing(*_):
        return None

    async def run():
        asked = {"type": "http", "method": method, **scope}
        await CountedRequests(answering, metrics)(asked, nothing, nothing)

    try:
        asyncio.run(run())
    finally:
        ask.told = metrics.expose().decode()
    return ask.told


async def found(scope, _receive, send):
    scope["route"] = Route()
    await send({"type": "http.response.start", "status": 201})
    await send({"type": "http.response.body"})


async def missing(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 404})


async def broken(*_):
    raise RuntimeError("ours")


def test_a_request_is_counted_by_its_template():
    told = ask(found, path="/things/of-somebody")
    labels = 'method="GET",route="/things/{thing_id}"'
    assert f'signalbox_control_plane_requests_total{{{labels},status="201"}} 1.0' in told
    assert f"signalbox_control_plane_request_seconds_count{{{labels}}} 1.0" in told
    assert "of-somebody" not in told


def test_what_strangers_make_up_is_no_label():
    told = ask(missing, method="FOO", path="/x")
    assert 'requests_total{method="other",route="unmatched",status="404"} 1.0' in told
    assert "FOO" not in told


def test_an_error_of_ours_is_counted_once():
    with pytest.raises(RuntimeError):
        ask(broken)
    assert 'requests_total{method="GET",route="unmatched",status="500"} 1.0' in ask.told
