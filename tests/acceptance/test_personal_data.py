"""Personal data in whatever a caller can send: afterwards it is looked for wherever we write.

Every field of every door carries a mark of its own. A mark that is found where it may not be tells
which field it came through; that it can be found at all is shown where it may be.
"""

import gzip
import json
import shutil
import socket
import subprocess
from contextlib import closing, suppress
from urllib.parse import urlsplit

import httpx
import pytest

from tests.control_plane import conftest as control_plane
from tests.gateway import conftest as gateway
from tests.gateway.gateway_process import PREDICT, GatewayProcess, publish_on_disk
from tests.gateway.installation import CANARY, PATIENT, SHADOW, STABLE, WIDE
from tests.gateway.shipper.test_main import SHIPPER, environment, rows, run
from tests.gateway.shop import (
    ALL,
    ITEMS,
    ITEMS_CANARY,
    ITEMS_SCHEMA,
    SERVER_KEY,
    bearer,
    session_token,
    signed_query,
    storefront_keys,
    storefront_routes,
    storefront_schemas,
    write_secret,
)
from tests.gateway.test_traces import Collector
from tests.gateway.version_process import QUOTED

pytestmark = pytest.mark.acceptance
databases, make_plane = control_plane.databases, control_plane.make_plane
postgresql_databases, postgresql = control_plane.postgresql_databases, control_plane.postgresql
plane, versions = control_plane.plane, gateway.versions
MARK = "planted7f3a"
INFER = "/v2/models/fraud/infer"
LENGTH = "inference-header-content-length"
TRACE = "0af7651916cd43dd8448eb211c80319c"
AMOUNT, SPEND = 4711.25, 8150.75
# Inputs and attributes the signatures and the dictionary declare, by which rows name their values.
DECLARED = {f"{MARK}country", f"{MARK}oipcountry", str(AMOUNT), str(SPEND)}
PAGES = ("metrics", "status", "openapi.json", "v2/models/stats", "v2/models/fraud", "v2")
HEADERS = {
    name: f"{MARK}{name.replace('-', '')}"
    for name in ("user-agent", "cookie", "referer", "x-forwarded-for", "x-request-id", "tracestate")
} | {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}


@pytest.fixture
def collector():
    running = Collector()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture
def home(plane, tmp_path, versions):
    """Stable versions that answer, a canary that fails and quotes, a version that only quotes."""
    home = tmp_path / "installation"
    publish_on_disk(
        home,
        {
            STABLE: versions.start(),
            CANARY: versions.start(WIDE, fault="quoting"),
            SHADOW: versions.start(fault="quoting"),
            ITEMS: versions.start(ITEMS_SCHEMA),
            ITEMS_CANARY: versions.start(ITEMS_SCHEMA, fault="quoting"),
        },
        routes=storefront_routes(buckets=5000),
        keys=storefront_keys(),
        schemas=storefront_schemas(),
    )
    write_secret(home)
    shutil.copy(plane.home / "keys" / "gateway.key", home / "keys" / "gateway.key")
    return home


def named(mark, amount=AMOUNT, **more):
    return {
        "targeting_key": f"{MARK}{mark}",
        "instances": [{"amount": amount, "note": f"{MARK}note"}],
        "attributes": {"country": f"{MARK}country"},
        **more,
    }


def tensors(mark, **parameters):
    named_tensors = {"amount": ("FP32", AMOUNT), "note": ("BYTES", f"{MARK}oipnote")}
    return {
        "id": f"{MARK}id",
        "parameters": {
            "targeting_key": f"{MARK}{mark}",
            "attr.country": f"{MARK}oipcountry",
            "customer": f"{MARK}parameter",
            **parameters,
        },
        "inputs": [
            {"name": name, "shape": [1, 1], "datatype": kind, "data": [value]}
            for name, (kind, value) in named_tensors.items()
        ],
    }


class Caller:
    """Asks at every door; keeps statuses and what was told to the caller."""

    def __init__(self, url):
        self.client = httpx.Client(base_url=url, headers=HEADERS | PATIENT, timeout=30)
        self.statuses, self.ids, self.told = [], [], ""

    def ask(self, path, body=None, headers=None, content=None):
        method = "GET" if body is None and content is None else "POST"
        answer = self.client.request(
            method, path, json=body, content=content, headers=bearer(SERVER_KEY) | (headers or {})
        )
        self.told += answer.text
        self.statuses.append(answer.status_code)
        self.ids += filter(None, [answer.headers.get("x-signalbox-decision-id")])
        return answer

    def close(self):
        self.client.close()

    def raw(self, data):
        """Bytes that are no request we would make."""
        place = urlsplit(str(self.client.base_url))
        with socket.create_connection((place.hostname, place.port)) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            with suppress(ConnectionError):
                while part := connection.recv(65536):
                    self.told += part.decode("latin-1")


def ask_well(caller):
    """What is answered: 200, or 503 where a version was pinned that fails."""
    caller.ask(f"{PREDICT}?customer={MARK}query", named("key"))
    caller.ask(PREDICT, named("pinned", version=SHADOW))
    packed = gzip.compress(json.dumps(named("gzip")).encode())
    caller.ask(PREDICT, content=packed, headers={"content-encoding": "gzip"})
    caller.ask(INFER, tensors("oip"))
    caller.ask(INFER, tensors("oippinned", version=SHADOW))
    items = [{"spend": SPEND, "visits": 97531.5}]
    for number in range(6):
        query = signed_query(
            ("browser_id", f"{MARK}browser{number}"), ("consent", ALL),
            ("instances", json.dumps(items)), ("email", f"{MARK}email"),
            customer=f"{MARK}customer",
        )  # fmt: skip
        caller.ask(f"/proxy/items?{query}")
    query = signed_query(("browser_id", f"{MARK}post"), ("consent", ALL))
    caller.ask(f"/proxy/items?{query}", {"instances": items})
    token = session_token(sub=f"gid://shopify/Customer/{MARK}sub", jti=f"{MARK}jti")
    body = {"targeting_key": f"{MARK}checkout", "instances": items, "consent": ALL}
    caller.ask("/checkout/items", body, bearer(token))


def ask_badly(caller):
    """What is refused, each for another field."""
    bad = [
        named("bad", amount=f"{MARK}amount"),
        named("bad", attributes={f"{MARK}attribute": "x"}),
        named("bad", attributes={"country": [f"{MARK}list"]}),
        named("bad", instances=[{f"{MARK}input": 1.0}]),
        named("bad", version=f"{MARK}version"),
        named("bad", consent=f"{MARK}consent"),
        named("long" * 100),
        {**named("bad"), f"{MARK}member": 1},
    ]
    for body in bad:
        caller.ask(PREDICT, body)
    caller.ask(PREDICT, content=b'{"targeting_key": "%b' % MARK.encode())
    caller.ask(PREDICT, named("bad"), {"x-request-timeout-ms": f"{MARK}timeout"})
    caller.ask(PREDICT, named("bad"), {"x-signalbox-consent": f"{MARK}consentheader"})
    caller.ask(PREDICT, named("bad"), {"content-encoding": f"{MARK}encoding"})
    caller.ask(PREDICT, named("bad"), bearer(f"sbx_{MARK}_secret"))
    caller.ask(PREDICT, named("bad"), {"x-large": f"{MARK}large" * 2000})
    caller.ask(f"/v1/models/{MARK}model:predict", named("bad"))
    caller.ask(f"/{MARK}path")
    caller.ask(INFER, tensors("bad", timeout=f"{MARK}timeout"))
    caller.ask(INFER, {**tensors("bad"), "outputs": [{"name": f"{MARK}output"}]})
    caller.ask(INFER, content=b"\x00" + MARK.encode(), headers={LENGTH: f"{MARK}length"})
    signed = signed_query(("browser_id", f"{MARK}unsigned"), secret="another")
    caller.ask(f"/proxy/items?{signed}")
    caller.ask(f"/proxy/items?{signed_query(('instances', f'{MARK}instances'))}")
    caller.ask("/checkout/items", {"instances": [{}]}, bearer(f"{MARK}.{MARK}.{MARK}"))
    caller.raw(f"{MARK}verb / nothing\r\n\r\n".encode())
    caller.raw(b"POST %b HTTP/1.1\r\ncontent-length: 99\r\n\r\n%b" % (b"/x", MARK.encode()))


def found(text, but=frozenset()):
    """Marks in a text, with what follows them; those that are allowed there taken out."""
    for allowed in but:
        text = text.replace(allowed, "")
    marks = [f"{MARK}{rest[:20]!r}" for rest in text.split(MARK)[1:]]
    return marks + [number for number in (str(AMOUNT), str(SPEND), "97531.5") if number in text]


def texts(folder):
    """Every file below a folder, with its name, as text."""
    return "\n".join(
        f"{path} {path.read_bytes().decode('latin-1')}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    )


def test_what_a_caller_sends_is_found_only_where_it_may_be(plane, home, collector):
    settings = {
        "SIGNALBOX_OTLP_ENDPOINT": collector.url,
        "SIGNALBOX_TRACE_SHARE": "1",
        "SIGNALBOX_SLOW_REQUEST_MS": "0.001",
    }
    running = GatewayProcess(home, **settings).wait_ready()
    with running as gateway, closing(Caller(gateway.url)) as caller:
        ask_well(caller)
        assert set(caller.statuses) == {200, 503}
        answered = len(caller.statuses)
        assert len(caller.ids) == answered
        ask_badly(caller)
        assert all(400 <= status < 500 for status in caller.statuses[answered:]), caller.statuses
        pages = {page: httpx.get(f"{gateway.url}/{page}").text for page in PAGES}
        assert gateway.end() == 0
    log, segments = gateway.log.read_text(), texts(home / "gateway" / "segments")
    shared = texts(home / "run")
    shipped = run([*SHIPPER, "--once"], environment(plane, home))
    assert shipped.returncode == 0, shipped.stderr
    events = plane.admin.get("/api/v1/register/events", params={"limit": 1000}).text
    traces = b"".join(collector.bodies).decode("latin-1")
    where = {
        "log": log, "traces": traces, "shared files": shared, "register": events,
        "shipper": shipped.stdout + shipped.stderr, "public": repr(rows(home, "public")),
        "names of files": str(sorted(map(str, home.rglob("*")))), **pages,
    }  # fmt: skip
    assert {place: marks for place, text in where.items() if (marks := found(text))} == {}
    personal = repr(rows(home, "personal"))
    assert found(personal, but=DECLARED) == found(segments, but=DECLARED) == []
    look_again(caller, where, personal, segments)


def look_again(caller, where, personal, segments):
    """The search was no empty one: what was asked left its traces in all of these places, and the
    marks are found where they may be: in the sidecar, and in answers to who sent them."""
    for decision in caller.ids:
        assert all(decision in text for text in (where["traces"], where["public"], personal))
    assert {"request_slow", "request_failed"} <= set(where["log"].split('"'))
    assert sum(decision in where["log"] for decision in caller.ids) >= 10
    assert '"FALLBACK"' in where["log"]
    for declared in DECLARED:
        assert declared in personal
        assert declared in segments or declared in (str(AMOUNT), str(SPEND))
    assert found(caller.told)
    assert QUOTED in caller.told
    assert f"{MARK}amount" in caller.told


def test_the_search_finds_a_mark_that_was_let_out():
    assert found(f'{{"event": "oops", "key": "{MARK}key"}}') == [f"{MARK}'key\"}}'"]
    assert found(f"row {AMOUNT}") == [str(AMOUNT)]
    assert found(f"{MARK}country {AMOUNT}", but=DECLARED) == []


def test_a_gateway_that_cannot_start_quotes_no_secret(home):
    (home / "keys" / "pseudonym.key").write_text(f"{MARK}secret")
    done: subprocess.CompletedProcess[str] = GatewayProcess.run_to_end(home)
    assert done.returncode != 0
    assert found(done.stderr + done.stdout) == []
