import msgspec
import pytest

from bentos.contract import oip
from load_tests.http_answer import parse_answer
from load_tests.installation.model import OUTPUT, build_graph
from load_tests.propagation.constant_version import ConstantVersion, answers_of


class Transport:
    def __init__(self):
        self.sent = []

    def write(self, data):
        self.sent.append(data)


ANSWERS = {12: b"of one row", 24: b"of two rows"}


def connected():
    version, transport = ConstantVersion(ANSWERS), Transport()
    version.connection_made(transport)
    return version, transport


@pytest.mark.parametrize("rows", [1, 2])
def test_it_says_what_the_lane_of_a_real_version_says(tmp_path, rows):
    build_graph(tmp_path / "g.onnx", 0.0)
    # The tensor of the tiny model has three 4-byte numbers a row.
    answer = parse_answer(answers_of(tmp_path / "g.onnx")[12 * rows])
    assert answer.status == 200
    length = int(answer.headers[oip.HEADER_LENGTH.lower()])
    [output] = msgspec.json.decode(answer.body[:length])["outputs"]
    assert (output["name"], output["shape"]) == (OUTPUT, [rows])
    assert len(answer.body) == length + 4 * rows


def test_a_request_in_pieces_is_answered_by_its_rows_once_it_is_whole():
    version, transport = connected()
    head = b"POST /v2/models/tiny/infer HTTP/1.1\r\nInference-Header-Content-Length: 9\r\n"
    request = head + b"Content-Length: 21\r\n\r\n" + b"x" * 21
    for byte in request[:-1]:
        version.data_received(bytes([byte]))
    assert transport.sent == []
    version.data_received(request[-1:])
    version.data_received(head + b"Content-Length: 33\r\n\r\n" + b"x" * 33)
    assert transport.sent == [b"of one row", b"of two rows"]


def test_a_gateway_that_asks_learns_that_it_may_send_binary():
    version, transport = connected()
    version.data_received(b"GET /v2 HTTP/1.1\r\nhost: x\r\n\r\n")
    assert b"binary_tensor_data" in parse_answer(transport.sent[0]).body
