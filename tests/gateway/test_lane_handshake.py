"""What a lane learns from a server that is not ours, and how it then asks."""

import asyncio
import json

import pytest

from gateway.errors import BadAnswer
from gateway.lane_request import BINARY_EXTENSION, Encoding
from tests.gateway.foreign_server import ForeignServer
from tests.gateway.lanes import ask

ONE, TWO = (b"00-0af7651916cd43dd8448eb211c80319%d-b7ad6b7169203331-01" % n for n in (1, 2))
OFF = b"00-0af7651916cd43dd8448eb211c803193-b7ad6b7169203331-00"


async def test_a_server_without_the_binary_extension_is_asked_in_json(make_lane):
    async with ForeignServer(extensions=["model_repository"]).running() as server:
        lane = await make_lane(server.address)
        answer = await ask(lane, 10.0)
        lane.close()
    assert answer.outputs["fraud_probability"] == pytest.approx([0.2890505])
    path, headers, body = server.asked[-1]
    assert path == "/v2/models/fraud/infer"
    assert headers["content-type"] == "application/json"
    assert headers["host"] == f"127.0.0.1:{server.port}"
    assert "inference-header-content-length" not in headers
    request = json.loads(body)
    [tensor] = request["inputs"]
    assert tensor == {"name": "features", "shape": [1, 1], "datatype": "FP32", "data": [10.0]}
    assert 0 < request["parameters"]["timeout"] <= 20_000_000


@pytest.mark.parametrize("slash", [True, False])
async def test_the_metadata_is_found_with_and_without_a_slash_under_a_base_path(make_lane, slash):
    foreign = ForeignServer(base="/team/fraud", slash=slash)
    async with foreign.running() as server:
        lane = await make_lane(server.address)
        [worker] = lane.pool.workers.values()
        assert (worker.encoding, worker.encoding_is_sure) == (Encoding.JSON, True)
        await ask(lane, 10.0)
        lane.close()
    assert server.asked[-1][0] == "/team/fraud/v2/models/fraud/infer"


@pytest.mark.parametrize("encoding", ["json", "binary"])
async def test_a_batch_carries_the_context_of_its_first_caller_who_keeps_a_trace(
    make_lane, encoding
):
    extensions = [BINARY_EXTENSION] if encoding == "binary" else []
    async with ForeignServer(extensions=extensions).running() as server:
        lane = await make_lane(server.address)
        carried = []
        for callers in ([None], [None, OFF, ONE, TWO], [b"nonsense"], [OFF]):
            before = len(server.asked)
            asked = [ask(lane, 10.0, traceparent=caller) for caller in callers]
            await asyncio.gather(*asked, return_exceptions=True)
            # This server reads no binary: what it refuses is asked for in halves afterwards.
            path, headers, _ = server.asked[before]
            assert path.endswith("/infer")
            carried.append(headers.get("traceparent"))
        lane.close()
    assert carried == [None, ONE.decode(), None, None]


async def test_a_server_that_says_nothing_and_refuses_binary_is_asked_again_in_json(make_lane):
    async with ForeignServer(extensions=None).running() as server:
        lane = await make_lane(server.address)
        await ask(lane, 10.0)
        await ask(lane, 20.0)
        [worker] = lane.pool.workers.values()
        lane.close()
    kinds = [headers["content-type"] for path, headers, _ in server.asked if "infer" in path]
    assert kinds == ["application/octet-stream", "application/json", "application/json"]
    assert worker.ejection.failed == 0
    assert lane.failures == {}


async def test_a_redirect_is_not_followed_and_names_where_it_led(make_lane):
    async with ForeignServer(base="/elsewhere").running() as server:
        lane = await make_lane(f"http://127.0.0.1:{server.port}")
        with pytest.raises(BadAnswer, match="status 307, sent on to '/elsewhere'"):
            await ask(lane, 10.0)
        lane.close()
