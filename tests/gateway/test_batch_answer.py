"""An answer is only passed on when it is what the signature promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract import oip
from bentos.contract.datatype import Datatype
from bentos.contract.errors import ContractError
from bentos.contract.rows import row_type, to_rows
from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec
from gateway.batch_answer import check_band_inputs, check_bands, read_batch
from gateway.errors import BadAnswer

PRICING = ModelSignature(
    model="pricing",
    inputs=(
        InputSpec(name="low", datatype=Datatype.FP32),
        InputSpec(name="high", datatype=Datatype.FP32),
    ),
    outputs=(
        OutputSpec(name="price", datatype=Datatype.FP32, minimum=0.0, band=("low", "high")),
        OutputSpec(name="curve", datatype=Datatype.FP32, shape=(3,)),
    ),
)


def answer(price, curve, datatype=Datatype.FP32, dtype="<f4"):
    price, curve = np.asarray(price, dtype), np.asarray(curve, "<f4")
    tensors = [
        oip.Tensor(name="price", shape=price.shape, datatype=datatype, raw=price.tobytes()),
        oip.Tensor(name="curve", shape=curve.shape, datatype=Datatype.FP32, raw=curve.tobytes()),
    ]
    body, length = oip.encode(oip.InferResponse(model_name="pricing", outputs=tensors))
    return body, None if length is None else str(length)


def rows(*values):
    return to_rows([{"low": a, "high": b} for a, b in values], row_type(PRICING))


@given(st.lists(st.floats(0, 1e6, width=32), min_size=1, max_size=20))
def test_every_request_gets_its_own_rows(prices):
    body, length = answer(prices, [[1, 2, 3]] * len(prices))
    batch = read_batch(PRICING, body, length, len(prices))
    for row, price in enumerate(prices):
        assert batch.slice(row, 1) == {"price": [price], "curve": [[1.0, 2.0, 3.0]]}


def test_a_bad_row_fails_its_own_request_only():
    body, length = answer([1.0, -5.0, float("nan"), 4.0], [[1, 2, 3]] * 4)
    batch = read_batch(PRICING, body, length, 4)
    assert batch.slice(0, 1)["price"] == [1.0]
    assert batch.slice(3, 1)["price"] == [4.0]
    for start in (1, 2):
        with pytest.raises(BadAnswer, match="price: expected finite values"):
            batch.slice(start, 1)
    with pytest.raises(BadAnswer):
        batch.slice(0, 4)


@pytest.mark.parametrize(
    ("price", "curve", "datatype", "dtype", "message"),
    [
        ([1.0, 2.0, 3.0], [[1, 2, 3]] * 2, Datatype.FP32, "<f4", "price: expected shape"),
        ([1.0, 2.0], [[1, 2]] * 2, Datatype.FP32, "<f4", "curve: expected shape"),
        ([1.0, 2.0], [[1, 2, 3]] * 2, Datatype.FP64, "<f8", "price: expected FP32, got FP64"),
    ],
)
def test_a_wrong_shape_or_dtype_fails_the_batch(price, curve, datatype, dtype, message):
    body, length = answer(price, curve, datatype, dtype)
    with pytest.raises(BadAnswer, match=message):
        read_batch(PRICING, body, length, 2)


def json_answer(datatype, data):
    signature = ModelSignature(
        model="m", inputs=PRICING.inputs, outputs=(OutputSpec(name="o", datatype=datatype),)
    )
    tensor = oip.Tensor(name="o", shape=(len(data),), datatype=datatype, data=data)
    body, _ = oip.encode(oip.InferResponse(model_name="m", outputs=[tensor]))
    return read_batch(signature, body, None, len(data))


@pytest.mark.parametrize(
    ("datatype", "data"),
    [
        (Datatype.INT64, [1.7]),
        (Datatype.INT64, ["3"]),
        (Datatype.INT8, [300]),
        (Datatype.FP32, ["0.5"]),
        (Datatype.FP32, ["0.5", None]),
        (Datatype.FP32, [True]),
        (Datatype.BOOL, ["false"]),
        (Datatype.BOOL, [7]),
        (Datatype.BYTES, [3]),
        (Datatype.BYTES, [None]),
        (Datatype.BYTES, [["a"]]),
    ],
)
def test_json_of_another_type_is_no_answer(datatype, data):
    with pytest.raises(BadAnswer, match="o: expected"):
        json_answer(datatype, data)


@pytest.mark.parametrize(
    ("datatype", "data"),
    [
        (Datatype.INT64, [1, -3]),
        (Datatype.FP32, [1, 0.5]),
        (Datatype.BOOL, [True, False]),
        (Datatype.BYTES, ["a", "ü"]),
    ],
)
def test_json_of_the_right_type_is_an_answer(datatype, data):
    assert json_answer(datatype, data).columns == {"o": data}


def texts_answer(spec, **tensor):
    signature = ModelSignature(model="m", inputs=PRICING.inputs, outputs=(spec,))
    tensor = oip.Tensor(name="o", **{"datatype": Datatype.BYTES, **tensor})
    body, length = oip.encode(oip.InferResponse(model_name="m", outputs=[tensor]))
    return read_batch(signature, body, None if length is None else str(length), 2)


PAIRS = OutputSpec(name="o", datatype=Datatype.BYTES, shape=(2,))
ONE = OutputSpec(name="o", datatype=Datatype.BYTES)
RAW = b"".join(len(text).to_bytes(4, "little") + text for text in (b"a", b"", b"\xc3\xbc", b"d"))


@pytest.mark.parametrize(
    "form", [{"raw": RAW}, {"data": ["a", "", "ü", "d"]}, {"data": [["a", ""], ["ü", "d"]]}]
)
def test_rows_of_several_texts_are_an_answer(form):
    assert texts_answer(PAIRS, shape=(2, 2), **form).columns == {"o": [["a", ""], ["ü", "d"]]}


def test_a_column_of_texts_is_one_text_a_row():
    assert texts_answer(ONE, shape=(2, 1), data=["a", "b"]).columns == {"o": ["a", "b"]}


@pytest.mark.parametrize(
    ("spec", "tensor", "message"),
    [
        (ONE, {"shape": (2,), "datatype": Datatype.INT64, "raw": bytes(16)}, "got INT64"),
        (ONE, {"shape": (3,), "data": ["a", "b"]}, "expected shape"),
        (ONE, {"shape": (2, 2), "data": ["a", "b", "c", "d"]}, "expected shape"),
        (PAIRS, {"shape": (2,), "data": ["a", "b"]}, "expected shape"),
        (PAIRS, {"shape": (2, 2), "data": ["a", "b", "c"]}, "expected 4 strings"),
        (PAIRS, {"shape": (2, 2), "data": [["a", "b"], ["c"]]}, "expected 4 strings"),
        (PAIRS, {"shape": (2, 2), "raw": RAW[:-1]}, "a shorter blob"),
        (ONE, {"shape": (2,), "raw": b"\x01\0\0\0\xff\0\0\0\0"}, "UTF-8"),
    ],
)
def test_texts_of_another_type_shape_or_number_fail_the_batch(spec, tensor, message):
    with pytest.raises(BadAnswer, match=message):
        texts_answer(spec, **tensor)


@pytest.mark.parametrize(
    ("datatype", "data"),
    [
        (Datatype.INT64, ["shopper-7"]),
        (Datatype.INT8, [300, 7]),
        (Datatype.BYTES, [["shopper-7"]]),
        (Datatype.FP32, [["shopper-7"], 1]),
    ],
)
def test_a_wrong_answer_is_told_without_its_values_too(datatype, data):
    with pytest.raises(BadAnswer) as refused:
        json_answer(datatype, data)
    told = str(refused.value.unquoted())
    assert told.startswith("o: expected ")
    assert "7" not in told
    assert str(refused.value).startswith(f"{told}: ")


@pytest.mark.parametrize("value", [None, 1e300])
def test_what_is_no_finite_number_in_json_fails_its_own_row(value):
    batch = json_answer(Datatype.FP32, [0.5, value])
    assert batch.slice(0, 1) == {"o": [0.5]}
    with pytest.raises(BadAnswer, match="o: expected finite values"):
        batch.slice(1, 1)


@pytest.mark.parametrize("body", [b"", b"{}", b"garbage", b'{"model_name": "p", "outputs": []}'])
def test_what_is_no_answer_is_a_bad_answer(body):
    with pytest.raises(BadAnswer):
        read_batch(PRICING, body, None, 1)


def test_a_price_outside_its_band_is_refused_with_room_for_float32():
    check_bands(PRICING, rows((0.1, 9.99)), {"price": [9.989999771118164], "curve": []})
    with pytest.raises(BadAnswer, match="price"):
        check_bands(PRICING, rows((1.0, 2.0)), {"price": [2.5], "curve": []})


def test_a_band_upside_down_is_the_callers_fault():
    check_band_inputs((("low", "high"),), rows((1.0, 1.0)))
    with pytest.raises(ContractError, match=r"instances\[1\]\.low: expected at most high"):
        check_band_inputs((("low", "high"),), rows((1.0, 2.0), (3.0, 2.0)))
