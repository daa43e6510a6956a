"""Fetching rows: ranges, gzip, broken connections, addresses that are not good (any more)."""

import gzip
import time

import httpx
import pytest

from tests.stand_in.shopify.bulk_download import Part, part_of
from tests.stand_in.shopify.process import StandIn

RUN = """mutation($query: String!) { bulkOperationRunQuery(query: $query) {
 bulkOperation { id } userErrors { message } } }"""
ORDERS = "{ orders { edges { node { id name lineItems { edges { node { id } } } } } } }"
READ = "{ currentBulkOperation { status url objectCount fileSize errorCode partialDataUrl } }"


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, Part(0, 100, 100)),
        ("bytes=0-9", Part(0, 10, 100)),
        ("bytes=90-", Part(90, 100, 100)),
        ("bytes=90-200", Part(90, 100, 100)),
        ("bytes=-5", Part(95, 100, 100)),
        ("bytes=100-", None),
        ("lines=1-2", Part(0, 100, 100)),
        ("bytes=-", Part(0, 100, 100)),
    ],
)
def test_ranges(header, part):
    assert part_of(header, 100) == part


@pytest.fixture(scope="module")
def stand_in():
    with StandIn(orders="generated:4000", rate=1000) as running:
        yield running


@pytest.fixture(scope="module")
def address(stand_in):
    return finished(stand_in)["url"]


def finished(stand_in):
    begun = stand_in.graphql(RUN, {"query": ORDERS}).json()["data"]["bulkOperationRunQuery"]
    assert begun["userErrors"] == []
    for _ in range(3000):
        operation = stand_in.graphql(READ).json()["data"]["currentBulkOperation"]
        if operation["status"] not in ("CREATED", "RUNNING"):
            return operation
        time.sleep(0.02)
    raise AssertionError(operation)


def fetched(address, **headers):
    return httpx.get(address, headers={"Accept-Encoding": "identity", **headers}, trust_env=False)


def test_the_address_looks_like_google_s_and_serves_lines(address):
    assert "/bulk-operation-outputs/" in address
    assert "&Expires=" in address
    answer = fetched(address)
    assert answer.headers["content-type"] == "application/jsonl"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.content.endswith(b"}\n")
    assert answer.content.count(b"__parentId") == 4000


def test_a_part_and_the_rest_are_the_whole(address):
    whole = fetched(address).content
    first = fetched(address, Range="bytes=0-999")
    rest = fetched(address, Range="bytes=1000-")
    assert (first.status_code, rest.status_code) == (206, 206)
    assert first.headers["content-range"] == f"bytes 0-999/{len(whole)}"
    assert first.content + rest.content == whole
    beyond = fetched(address, Range=f"bytes={len(whole)}-")
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == f"bytes */{len(whole)}"


def test_gzip_if_asked_for_and_never_of_a_part(address):
    whole = fetched(address).content
    with httpx.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert len(packed) < len(whole) / 3
    assert gzip.decompress(packed) == whole
    part = httpx.get(address, headers={"Accept-Encoding": "gzip", "Range": "bytes=5-9"})
    assert "content-encoding" not in part.headers
    assert part.content == whole[5:10]


def read_into(got, address, encoding):
    with httpx.stream("GET", address, headers={"Accept-Encoding": encoding}) as answer:
        for piece in answer.iter_raw():
            got.append(piece)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_connection_that_breaks_leaves_the_first_bytes(stand_in, address, encoding):
    stand_in.control("POST", "faults/bulk", {"truncate_after": 5000})
    got: list[bytes] = []
    with pytest.raises(httpx.RemoteProtocolError):
        read_into(got, address, encoding)
    assert len(b"".join(got)) == 5000
    assert fetched(address).status_code == 200


def test_an_altered_address_is_refused(address):
    assert fetched(address.replace("Expires=1", "Expires=2")).status_code == 403
    assert fetched(address.replace("Signature=", "Signature=0")).status_code == 403
    unknown = fetched(address.replace("-final", "-last"))
    assert (unknown.status_code, "<Code>NoSuchKey</Code>" in unknown.text) == (404, True)


def test_what_a_test_lets_expire_is_gone(stand_in):
    operation = finished(stand_in)
    number = operation["url"].rpartition("-final")[0].rpartition("-")[2]
    stand_in.control("POST", f"bulk/{number}/expire")
    assert stand_in.graphql(READ).json()["data"]["currentBulkOperation"]["status"] == "EXPIRED"
    assert fetched(operation["url"]).status_code == 400


def test_unknown_settings_are_named(stand_in):
    with pytest.raises(httpx.HTTPStatusError) as caught:
        stand_in.control("POST", "faults/bulk", {"cut": 1})
    assert "cut" in caught.value.response.text
