"""Requests of the open inference protocol to the fraud model, and what is read of answers."""

import json
import struct

INFER = "/v2/models/fraud/infer"
EXPECTED = [0.28905049, 0.31002551]
LENGTH = "inference-header-content-length"


def tensor(**changes):
    return {"name": "amount", "shape": [2], "datatype": "FP32", "data": [10.0, 20.0], **changes}


def binary_body(values=(10.0, 20.0), **request):
    raw = struct.pack(f"<{len(values)}f", *values)
    described = tensor(shape=[len(values)], parameters={"binary_data_size": len(raw)})
    del described["data"]
    head = json.dumps({"inputs": [described], **request}).encode()
    return head + raw, {LENGTH: str(len(head))}


def floats(response):
    length = int(response.headers[LENGTH])
    return struct.unpack(f"<{(len(response.content) - length) // 4}f", response.content[length:])


def refused(response, status=400):
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert isinstance(error, str)
    return error
