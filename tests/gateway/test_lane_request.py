"""Both encodings of a batch carry the same tensors."""

import json
import struct

import numpy as np

from bentos.contract import oip
from bentos.contract.datatype import Datatype
from bentos.contract.features import Feature, FeatureSchema
from bentos.oip_tensor import to_array
from gateway.batch import Work
from gateway.lane_request import InferRequests

SCHEMA = FeatureSchema(
    model="m",
    features=(
        Feature(name="a", source="input:a"),
        Feature(name="b", source="input:b"),
        Feature(name="n", source="input:n", datatype=Datatype.INT64, tensor="n", default=0),
        Feature(name="t", source="input:t", datatype=Datatype.BYTES, tensor="t", default=""),
    ),
)


def text(value):
    data = value.encode()
    return struct.pack("<I", len(data)) + data


def works():
    one = (struct.pack("<ff", 1.5, float("nan")), struct.pack("<q", 7), text("né"))
    two = (struct.pack("<ffff", 2, 3, 4, 5), struct.pack("<qq", 8, 9), text("") + text("x"))
    return [Work(one, 1, 0.0, None, 0.0), Work(two, 2, 0.0, None, 0.0)]


def arrays(request):
    return {tensor.name: to_array(tensor, tensor.name) for tensor in request.inputs}


def test_binary_and_json_say_the_same():
    requests = InferRequests(SCHEMA.tensors())
    parts = requests.binary(works(), 3, 150_000)
    binary = oip.decode_request(b"".join(parts), str(len(parts[0])))
    plain = oip.decode_request(requests.json(works(), 3, 150_000), None)
    assert binary.parameters == {"binary_data_output": True, "timeout": 150_000}
    assert plain.parameters == {"timeout": 150_000}
    ours, theirs = arrays(binary), arrays(plain)
    assert list(ours) == list(theirs) == ["features", "n", "t"]
    for name, array in ours.items():
        np.testing.assert_array_equal(array, theirs[name])
    assert ours["t"].tolist() == [["né"], [""], ["x"]]


def test_a_single_work_is_sent_as_it_is():
    [work, _] = works()
    head, *blobs = InferRequests(SCHEMA.tensors()).binary([work], 1, 5)
    assert tuple(blobs) == work.tensors
    assert [tensor["shape"] for tensor in json.loads(head)["inputs"]] == [[1, 2], [1, 1], [1, 1]]
