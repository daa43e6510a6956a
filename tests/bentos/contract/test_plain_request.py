"""What is taken for the plainest request, and what is left to a full parser."""

import pytest

from bentos.contract.plain_request import PlainRequests

BODY = b'{"inputs":[]}'
PATH = "/v2/models/m/infer"


def request(body=BODY, path=PATH, method="POST", headers=(), length=None, version="HTTP/1.1"):
    lines = [f"{method} {path} {version}", "Host: x", f"Content-Length: {length or len(body)}"]
    return "\r\n".join([*lines, *headers]).encode("latin-1") + b"\r\n\r\n" + body


def split(data, limit=4096):
    return PlainRequests(limit).split(data)


def test_a_whole_request_is_split_into_path_headers_and_body():
    head, body = split(request(headers=["Authorization:  Bearer x ", "Connection: Keep-Alive"]))
    assert (head.path, body) == (PATH, BODY)
    assert head.headers == {
        b"host": b"x",
        b"content-length": b"13",
        b"authorization": b"Bearer x",
        b"connection": b"Keep-Alive",
    }


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Length: 3"],
        ["Transfer-Encoding: chunked"],
        ["Content-Encoding: gzip"],
        ["Connection: close"],
        ["Expect: 100-continue"],
        [" folded"],
        ["no colon"],
        ["Bad : name"],
        ["Bad\x00: name"],
        ["Bad: val\x00ue"],
        ["Bad: lone\nline"],
        ["Upgrade: websocket"],
        ["inference-header-content-length: 1", "Inference-Header-Content-Length: 2"],
    ],
)
def test_unusual_heads_are_left_to_the_parser(headers):
    assert split(request(headers=headers)) is None


@pytest.mark.parametrize("path", [PATH + "?x=1", "/a%2Fb", "*", "http://x/y", "/a b"])
def test_targets_that_need_decoding_are_left_to_the_parser(path):
    assert split(request(path=path)) is None


def test_only_one_whole_request_is_split():
    whole = request()
    assert split(whole) is not None
    others = [
        whole[:-1],
        whole + b"x",
        request(length="1x"),
        request(length="-1"),
        request(length="+13"),
        request(method="PUT"),
        request(version="HTTP/1.0"),
    ]
    for other in others:
        assert split(other) is None
    assert all(split(whole[:size]) is None for size in range(len(whole)))


def test_a_head_beyond_the_limit_is_left_to_the_parser():
    whole = request(headers=["x: " + "y" * 5000])
    assert split(whole) is None
    assert split(whole, limit=8192) is not None


def test_the_same_head_with_another_body_is_read_from_memory_and_stays_right():
    requests = PlainRequests(4096)
    first = requests.split(request(body=b"1234"))
    again = requests.split(request(body=b"5678"))
    other = requests.split(request(body=b"56789", path="/other"))
    unusual = requests.split(request(headers=["Upgrade: x"]))
    assert [part and part[1] for part in (first, again, other)] == [b"1234", b"5678", b"56789"]
    assert first[0] is again[0]
    assert other[0].path == "/other"
    assert unusual is None
    assert requests.split(request(headers=["Upgrade: x"])) is None
