"""Every misbehaviour really is one: the gateway's own check refuses what it makes."""

import pytest

from bentos.oip_app import OipApp
from bentos.onnx_model import OnnxModel
from gateway.batch_answer import read_batch
from gateway.errors import BadAnswer
from load_tests.installation.misbehaviour import Misbehaving, Misbehaviour
from load_tests.installation.model import MODEL, SCHEMA, SIGNATURE, build_graph

PATH = f"/v2/models/{MODEL}/infer"


@pytest.fixture(scope="module")
def lane(tmp_path_factory):
    graph = tmp_path_factory.mktemp("graph") / "tiny.onnx"
    build_graph(graph, 10.0)
    app = OipApp(SCHEMA)
    app.bind(OnnxModel(graph), "1")
    return app


async def ask(lane, control, path=PATH, method="POST"):
    body, length = lane.example_request(2)
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    headers = [(b"inference-header-content-length", length.encode())]
    scope = {"type": "http", "path": path, "method": method, "headers": headers}
    await Misbehaving(lane, control)(scope, receive, send)
    return sent


def read(sent):
    length = dict(sent[0]["headers"]).get(b"inference-header-content-length")
    text = None if length is None else length.decode()
    return read_batch(SIGNATURE, sent[1]["body"], text, rows=2).columns


async def test_without_a_control_file_the_lane_answers(lane, tmp_path):
    assert read(await ask(lane, tmp_path / "none")) == {"total": [13.0, 13.0]}


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (Misbehaviour.WRONG_DTYPE, "expected FP32, got FP64"),
        (Misbehaviour.WRONG_SHAPE, r"expected shape \[2\], got \[3\]"),
    ],
)
async def test_a_wrong_tensor_is_refused_for_what_is_wrong_with_it(lane, tmp_path, how, said):
    control = tmp_path / "c"
    control.write_text(how.value)
    sent = await ask(lane, control)
    assert sent[0]["status"] == 200
    with pytest.raises(BadAnswer, match=said):
        read(sent)


async def test_nan_makes_every_row_bad(lane, tmp_path):
    control = tmp_path / "c"
    control.write_text(Misbehaviour.NAN.value)
    sent = await ask(lane, control)
    length = dict(sent[0]["headers"])[b"inference-header-content-length"].decode()
    assert set(read_batch(SIGNATURE, sent[1]["body"], length, 2).bad_rows) == {0, 1}


async def test_an_error_is_a_500(lane, tmp_path):
    control = tmp_path / "c"
    control.write_text(Misbehaviour.ERROR.value)
    assert (await ask(lane, control))[0]["status"] == 500


async def test_half_an_answer_promises_the_whole_and_ends_early(lane, tmp_path):
    control = tmp_path / "c"
    control.write_text(Misbehaviour.HALF_WRITTEN.value)
    sent = await ask(lane, control)
    promised = int(dict(sent[0]["headers"])[b"content-length"])
    assert 0 < len(sent[1]["body"]) < promised
    assert sent[1]["more_body"]
    assert len(sent) == 2


async def test_only_inference_misbehaves(lane, tmp_path):
    control = tmp_path / "c"
    control.write_text(Misbehaviour.ERROR.value)
    sent = await ask(lane, control, "/v2/health/ready", "GET")
    assert sent[0]["status"] == 200
