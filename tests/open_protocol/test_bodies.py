"""Bodies on the wire: packed, in pieces, too large, cut short (Triton's L0_data_compression,
L0_http_fuzz), against a gateway process."""

import gzip
import json
import socket
import zlib
from urllib.parse import urlsplit

import httpx
import pytest

from tests.open_protocol.infer_requests import (
    EXPECTED,
    INFER,
    binary_body,
    floats,
    refused,
    tensor,
)


# --- compression ------------------------------------------------------------------------------
@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_the_length_header_counts_unpacked_json(http, coding, pack):
    body, headers = binary_body()
    headers["content-encoding"] = coding
    answer = http.post(INFER, content=pack(body), headers=headers)
    assert answer.json()["outputs"][0]["data"] == pytest.approx(EXPECTED, abs=1e-6)
    v1 = json.dumps({"instances": [{"amount": 10.0}]}).encode()
    predicted = http.post(
        "/v1/models/fraud:predict", content=pack(v1), headers={"content-encoding": coding}
    )
    assert predicted.status_code == 200


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_bomb_is_refused_when_it_grows_past_the_limit(http, pack):
    bomb = pack(b" " * 50_000_000)
    assert len(bomb) < 100_000
    coding = "gzip" if pack is gzip.compress else "deflate"
    answer = http.post(INFER, content=bomb, headers={"content-encoding": coding})
    assert "at most 1048576 bytes once unpacked" in refused(answer, 413)


def test_packed_bodies_that_are_damaged_say_so(http):
    packed = gzip.compress(b'{"inputs": []}')
    for body in (packed[:-4], packed[:5], b"", b"plain", packed + b"x", packed[:12] + b"\xff\xff"):
        refused(http.post(INFER, content=body, headers={"content-encoding": "gzip"}))


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, deflate", "x"])
def test_other_codings_are_415_and_told_which_are_taken(http, coding):
    answer = http.post(INFER, content=b"{}", headers={"content-encoding": coding})
    refused(answer, 415)
    assert answer.headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip", "gzip"), ("deflate", "deflate"), ("br, deflate;q=0.5, gzip;q=0.9", "gzip"),
     ("gzip;q=0, deflate", "deflate"), ("identity", None), ("gzip;q=x", None)],
)  # fmt: skip
def test_a_large_answer_is_packed_as_the_caller_likes(http, accepted, coding):
    body, headers = binary_body(tuple(range(1000)), parameters={"binary_data_output": True})
    headers["accept-encoding"] = accepted
    answer = http.post(INFER, content=body, headers=headers)
    assert answer.headers.get("content-encoding") == coding
    assert len(floats(answer)) == 1000


def test_a_small_answer_is_sent_as_it_is(http):
    answer = http.post(INFER, json={"inputs": [tensor()]}, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in answer.headers


# --- bodies in pieces, and too large ----------------------------------------------------------
def test_a_chunked_body_is_read(http):
    body, headers = binary_body()
    pieces = (body[start : start + 7] for start in range(0, len(body), 7))
    answer = http.post(INFER, content=pieces, headers=headers)
    assert answer.json()["outputs"][0]["data"] == pytest.approx(EXPECTED, abs=1e-6)


def test_thousands_of_one_byte_chunks_are_read(address, headers):
    text = json.dumps({"inputs": [tensor()], "parameters": {"pad": "x" * 5000}}).encode()
    head = (
        f"POST {INFER} HTTP/1.1\r\nhost: g\r\nauthorization: {headers['authorization']}\r\n"
        "transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    )
    chunks = b"".join(b"1\r\n" + text[at : at + 1] + b"\r\n" for at in range(len(text)))
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port), timeout=60) as connection:
        connection.sendall(head.encode() + chunks + b"0\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"fraud_probability"' in answer


def test_a_body_over_the_limit_is_413_and_the_gateway_lives(http):
    huge = json.dumps({"inputs": [tensor(data=[1.0] * 400_000)]}).encode()
    assert "at most 1048576 bytes" in refused(http.post(INFER, content=huge), 413)
    pieces = (huge[at : at + 65536] for at in range(0, len(huge), 65536))
    refused(http.post(INFER, content=pieces), 413)
    assert http.get("/v2/health/live").status_code == 200


def test_half_a_request_harms_nobody(address, http):
    place = urlsplit(address)
    for half in (
        b"POST /v2",
        f"POST {INFER} HTTP/1.1\r\nhost: g\r\ncontent-length: 99\r\n\r\n{{".encode(),
    ):
        with socket.create_connection((place.hostname, place.port), timeout=60) as connection:
            connection.sendall(half)
    assert httpx.get(f"{address}/v2/health/ready").status_code == 200
