import json

import numpy as np
import pytest

from bentos.contract import oip
from load_tests.bench_versions import write_stand_in
from load_tests.fraud_inputs import SCHEMA, SIGNATURE
from load_tests.http_answer import Answer
from load_tests.model_rows import ModelRows, answer_values

COUNT = 50


@pytest.fixture(scope="module")
def rows():
    return ModelRows(SIGNATURE, SCHEMA, rows=2, count=COUNT)


def test_bodies_have_one_length_and_their_own_keys(rows):
    made = rows.named()
    assert len({len(body) for body in made}) == 1
    assert len({json.loads(body)["targeting_key"] for body in made}) == COUNT


def test_every_body_carries_the_same_rows(rows):
    number = 7
    named = json.loads(rows.named()[number])["instances"]
    expected = np.array([[row[name] for name in rows.names] for row in named], np.float32)
    (packed,) = oip.decode_request(rows.packed_tensor()[number], None).inputs
    assert np.allclose(np.array(packed.data).reshape(packed.shape), expected)
    body, length = rows.binary_packed()[number]
    (raw,) = oip.decode_request(body, str(length)).inputs
    assert np.array_equal(np.frombuffer(raw.raw, np.float32).reshape(raw.shape), expected)
    by_name = {
        tensor.name: tensor.data
        for tensor in oip.decode_request(rows.named_tensors()[number], None).inputs
    }
    assert np.allclose(np.array([by_name[name] for name in rows.names]).T, expected)
    body, length = rows.binary_tensors()[number]
    binary = {t.name: t.raw for t in oip.decode_request(body, str(length)).inputs}
    columns = np.array([np.frombuffer(binary[name], np.float32) for name in rows.names]).T
    assert np.array_equal(columns, expected)


def test_rows_differ_and_so_do_their_answers(rows, tmp_path):
    onnx = tmp_path / "graph.onnx"
    write_stand_in(onnx)
    answers = {tuple(rows.expected(onnx, number)) for number in range(COUNT)}
    assert len(answers) > COUNT // 2
    assert all(0 <= value <= 1 for answer in answers for value in answer)


@pytest.mark.parametrize(
    "body",
    [
        b'{"predictions": [{"fraud_probability": 0.5}, {"fraud_probability": 0.25}], "id": 1}',
        b"[0.5, 0.25]",
        b'{"outputs": [{"name": "p", "shape": [2, 1], "data": [0.5, 0.25]}], "id": "x"}',
        b'{"outputs": [{"name": "p", "shape": [2, 1], "data": [[0.5], [0.25]]}]}',
    ],
)
def test_answers_are_read_in_every_shape_a_side_answers(body):
    assert answer_values(Answer(200, {}, body)) == [0.5, 0.25]


def test_binary_answers_are_read():
    raw = np.array([0.5, 0.25], np.float32).tobytes()
    tensor = oip.Tensor(name="p", shape=(2,), datatype="FP32", raw=raw)
    body, length = oip.encode(oip.InferResponse(model_name="fraud", outputs=[tensor]))
    assert answer_values(Answer(200, {oip.HEADER_LENGTH: str(length)}, body)) == [0.5, 0.25]


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [(503, b"full", "status 503"), (200, b'{"error": "no"}', "expected predictions or outputs")],
)
def test_other_answers_are_refused(status, body, text):
    with pytest.raises(ValueError, match=text):
        answer_values(Answer(status, {}, body))
