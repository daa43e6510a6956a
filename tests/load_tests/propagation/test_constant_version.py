import msgspec

from bentos.contract import oip
from load_tests.http_answer import parse_answer
from load_tests.installation.model import OUTPUT, build_graph
from load_tests.propagation.constant_version import ConstantVersion, answer_of_one_row


class Transport:
    def __init__(self):
        self.sent = []

    def write(self, data):
        self.sent.append(data)


def connected(answer):
    version, transport = ConstantVersion(answer), Transport()
    version.connection_made(transport)
    return version, transport


def test_it_says_what_the_lane_of_a_real_version_says(tmp_path):
    build_graph(tmp_path / "g.onnx", 0.0)
    answer = parse_answer(answer_of_one_row(tmp_path / "g.onnx"))
    assert answer.status == 200
    length = int(answer.headers[oip.HEADER_LENGTH.lower()])
    head = msgspec.json.decode(answer.body[:length])
    assert [output["name"] for output in head["outputs"]] == [OUTPUT]
    assert len(answer.body) == length + 4


def test_a_request_in_pieces_is_answered_once_it_is_whole():
    version, transport = connected(b"the answer")
    request = b"POST /v2/models/tiny/infer HTTP/1.1\r\nInference-Header-Content-Length: 9\r\n"
    request += b"Content-Length: 5\r\n\r\nhello"
    for byte in request[:-1]:
        version.data_received(bytes([byte]))
    assert transport.sent == []
    version.data_received(request[-1:])
    version.data_received(request)
    assert transport.sent == [b"the answer"] * 2


def test_a_gateway_that_asks_learns_that_it_may_send_binary():
    version, transport = connected(b"the answer")
    version.data_received(b"GET /v2 HTTP/1.1\r\nhost: x\r\n\r\n")
    assert b"binary_tensor_data" in parse_answer(transport.sent[0]).body
