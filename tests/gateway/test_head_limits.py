"""Heads and bodies that are too large or too slow, over real sockets to a real gateway."""

import json
import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest

from tests.gateway.gateway_process import BODY, HEADERS, PREDICT, GatewayProcess, publish_on_disk
from tests.gateway.installation import SECRET, STABLE

pytestmark = pytest.mark.acceptance
X = "x" * 8192
KEY = f"authorization: Bearer sbx_aaaaaaaaaaaa_{SECRET}\r\n"
TEXT = json.dumps(BODY)
WHOLE = f"POST {PREDICT} HTTP/1.1\r\nhost: g\r\n{KEY}content-length: {len(TEXT)}\r\n\r\n{TEXT}"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, versions):
    home = tmp_path_factory.mktemp("limits")
    publish_on_disk(home, {STABLE: versions.start()})
    settings = {
        "SIGNALBOX_HEAD_TIMEOUT_S": "0.5",
        "SIGNALBOX_BODY_TIMEOUT_S": "0.5",
        "SIGNALBOX_MAX_BODY_BYTES": "4096",
        "SIGNALBOX_MAX_HEADERS": "20",
    }
    with GatewayProcess(home, **settings).wait_ready() as process:
        yield process


@pytest.fixture
def connection(gateway):
    with connect(gateway) as opened:
        yield opened


def connect(gateway):
    place = urlsplit(gateway.url)
    return socket.create_connection((place.hostname, place.port), timeout=60)


def send(connection, text):
    try:
        connection.sendall(text if isinstance(text, bytes) else text.encode())
    except OSError:
        return False
    return True


def received(connection):
    """Everything until the gateway closes."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass  # it closed while more was on its way
    return b"".join(parts)


def is_served(connection, *pieces):
    """Send a whole request in these pieces and read its answer."""
    for piece in pieces or (WHOLE,):
        send(connection, piece)
    data = b""
    while b'"logged":' not in data:
        part = connection.recv(65536)
        if not part:
            return False
        data += part
    return data.startswith(b"HTTP/1.1 200")


def answer(data):
    """(status, headers, JSON) of the last answer."""
    head, _, body = data.rpartition(b"HTTP/1.1 ")[2].partition(b"\r\n\r\n")
    return int(head[:3]), head.lower(), json.loads(body)


def still_serves(gateway):
    response = httpx.post(gateway.url + PREDICT, json=BODY, headers=HEADERS, timeout=60)
    return response.status_code == 200


@pytest.mark.parametrize(
    "start",
    ["P", "POST ", f"POST {PREDICT} HTTP/1.1\r\n", f"POST {PREDICT} HTTP/1.1\r\nhost: g\r\n{KEY}"],
)
def test_a_head_that_stops_coming_is_408(gateway, connection, start):
    send(connection, start)
    status, head, body = answer(received(connection))
    assert status == 408
    assert b"connection: close" in head
    assert body["error"].startswith("head: expected within 0.5 s")
    assert still_serves(gateway)


def test_a_second_head_has_its_own_time(gateway):
    """Not what the first left of the connection's: a whole call does not begin a head."""
    served, paused = False, 1.0
    while not served and paused > 0.3:
        # A machine that stood still for so long has shown nothing; it is tried again.
        with connect(gateway) as connection:
            began = time.monotonic()
            assert is_served(connection)
            time.sleep(max(0.0, began + 0.4 - time.monotonic()))
            half_way = time.monotonic()
            send(connection, WHOLE[:30])
            time.sleep(0.2)
            served = is_served(connection, WHOLE[30:])
            paused = time.monotonic() - half_way
    assert served


def test_a_head_that_drips_is_408(gateway, connection):
    connection.settimeout(0.05)
    data = b""
    for character in f"GET /status HTTP/1.1\r\nx: {'y' * 4000}":
        if not send(connection, character):
            break
        try:
            data = connection.recv(65536)
            break
        except TimeoutError:
            continue
    assert answer(data)[0] == 408


def test_a_later_head_has_the_same_time(gateway, connection):
    assert is_served(connection)
    send(connection, WHOLE[:40])
    assert answer(received(connection))[0] == 408


def test_a_connection_that_says_nothing_is_closed(gateway, connection):
    assert received(connection) == b""
    assert still_serves(gateway)


@pytest.mark.parametrize("pieces", [[WHOLE], [WHOLE[:30], WHOLE[30:]]])
def test_a_connection_that_was_served_may_be_silent_for_longer(gateway, connection, pieces):
    assert is_served(connection, *pieces)
    connection.settimeout(1.5)
    with pytest.raises(TimeoutError):
        connection.recv(1)
    connection.settimeout(60)
    assert is_served(connection)


@pytest.mark.parametrize("path", [PREDICT, "/v2/models/fraud/infer", "/checkout/fraud"])
@pytest.mark.parametrize("length", ["content-length: 100", "transfer-encoding: chunked"])
def test_a_body_that_stops_coming_is_408(gateway, connection, path, length):
    send(connection, f"POST {path} HTTP/1.1\r\nhost: g\r\n{KEY}{length}\r\n\r\n3\r\nabc\r\n")
    status, head, body = answer(received(connection))
    assert status == 408
    assert b"connection: close" in head
    assert body["error"].startswith("body: expected within 0.5 s")
    assert still_serves(gateway)


@pytest.mark.parametrize(
    ("request_head", "status", "field"),
    [
        (f"GET /{'a' * 9000} HTTP/1.1\r\nhost: g\r\n\r\n", 414, "url"),
        (f"GET /status?{'a' * 9000} HTTP/1.1\r\nhost: g\r\n\r\n", 414, "url"),
        (f"GET /status HTTP/1.1\r\nx: {'a' * 17_000}\r\n\r\n", 431, "head"),
        ("GET /status HTTP/1.1\r\n" + "a: b\r\n" * 30 + "\r\n", 431, "headers"),
        (
            f"POST {PREDICT} HTTP/1.1\r\n{KEY}content-length: 0\r\n"
            + "".join(f"a{number}: b\r\n" for number in range(30))
            + "\r\n",
            431,
            "headers",
        ),
        ("nonsense\r\n\r\n", 400, "request"),
        ("GET /status HTTP/1.1\r\nbad header\r\n\r\n", 400, "request"),
        (f"POST {PREDICT} HTTP/1.1\r\n{KEY}content-length: -1\r\n\r\n", 400, "request"),
        (f"POST {PREDICT} HTTP/1.1\r\n{KEY}content-length: 9999\r\n\r\n", 413, "body"),
        (
            f"POST {PREDICT} HTTP/1.1\r\n{KEY}transfer-encoding: chunked\r\n\r\n2000\r\n{X}",
            413,
            "body",
        ),
    ],
)
@pytest.mark.parametrize("size", [100_000, 700])
def test_what_is_too_large_is_refused_by_name_and_the_connection_ends(
    gateway, connection, request_head, status, field, size
):
    data = request_head.encode()
    for start in range(0, len(data), size):
        send(connection, data[start : start + size])
    got, head, body = answer(received(connection))
    assert (got, body["error"].partition(":")[0]) == (status, field)
    assert b"connection: close" in head
    assert still_serves(gateway)


def test_headers_without_end_are_refused_long_before_their_end(gateway, connection):
    send(connection, "GET /status HTTP/1.1\r\n")
    sent = 0
    while sent < 50_000_000 and send(connection, b"a: " + b"b" * 4000 + b"\r\n"):
        sent += 4000
    assert sent < 50_000_000
    assert still_serves(gateway)


@pytest.mark.parametrize("protocol", ["websocket", "h2c"])
def test_another_protocol_that_is_offered_is_not_taken(connection, protocol):
    more = "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    head = f"GET /v2/health/live HTTP/1.1\r\nhost: g\r\nupgrade: {protocol}\r\n{more}"
    send(connection, head + "connection: upgrade\r\n\r\n")
    first = b""
    while not first.endswith(b"}"):
        first += connection.recv(65536)
    send(connection, head + "connection: close\r\n\r\n")
    for part in (first, received(connection)):
        status, _, body = answer(part)
        assert (status, body) == (200, {"live": True})


def test_a_body_beside_an_offered_protocol_is_refused_by_name(gateway, connection):
    """The parser takes what follows such a head for the other protocol's: it would be lost."""
    send(connection, WHOLE.replace("host: g", "host: g\r\nconnection: upgrade\r\nupgrade: h2c"))
    status, head, body = answer(received(connection))
    assert (status, body["error"].partition(":")[0]) == (400, "header Upgrade")
    assert b"connection: close" in head
    assert still_serves(gateway)


def test_what_never_became_a_request_is_counted(gateway, connection):
    send(connection, "nonsense\r\n\r\n")
    received(connection)
    text = httpx.get(f"{gateway.url}/metrics", timeout=60).text
    assert 'signalbox_gateway_refused_total{path="head",status="400"}' in text
