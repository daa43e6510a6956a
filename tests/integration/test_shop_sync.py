"""The sync against the real stand-in, each in its own process: in the end the lake is the shop."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from bentos.shopify_admin.connection import Connection, ConnectionStore
from load_tests.shop.source_rows import differing, source_rows
from tests.stand_in.shopify.process import StandIn
from tests.stand_in.shopify.records import Kind

pytestmark = [pytest.mark.slow, pytest.mark.acceptance]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def shop():
    with StandIn(orders="generated:3000", rate=100) as running:
        yield running


@pytest.fixture
def home(tmp_path, shop):
    store = ConnectionStore(tmp_path / "keys")
    wanted = Connection(shop=shop.shop, grant="static", site=shop.url, access_token=shop.token)
    store.write(wanted)
    return tmp_path


def begin(home, shop, *arguments):
    clock = json.dumps(shop.clock.to_json())
    return subprocess.Popen(
        (sys.executable, "-m", "training", "shop", "sync", "--json", "--clock", clock, *arguments),
        cwd=ROOT,
        env={**os.environ, "SIGNALBOX_HOME": str(home), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def sync(home, shop, *arguments):
    process = begin(home, shop, *arguments)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err.decode()
    return json.loads(out)


def same(home, shop):
    return not any(differing(source_rows(home, shop), home).values())


def numbers(shop, kind, count, after=0):
    listed = shop.control("GET", f"shop/{kind}?limit={count}&after={after}")
    return [record["number"] for record in listed]


def test_full_then_changed_deleted_and_new(home, shop):
    first = sync(home, shop)
    assert first["full"]
    assert first["problems"] == {}
    assert same(home, shop)
    changed, gone = numbers(shop, Kind.ORDER, 2)
    shop.alter(Kind.ORDER, changed, {"displayFinancialStatus": "REFUNDED", "test": True})
    body = shop.control("GET", f"shop/{Kind.ORDER}/{gone}")["body"]
    shop.delete(Kind.ORDER, gone)
    lines = [{**line, "id": line["id"] + "9"} for line in body["lineItems"]]
    shop.add(Kind.ORDER, {**body, "lineItems": lines, "refunds": []})
    second = sync(home, shop)
    assert not second["full"]
    assert second["read"]["orders"] < first["read"]["orders"]
    assert second["tables"]["orders"]["deleted"] == 1
    assert same(home, shop)
    table = home / "lake" / "shop" / second["tables"]["orders"]["file"]
    query = f"SELECT financial_status, test FROM '{table}' WHERE order_id = {changed}"
    assert duckdb.sql(query).fetchall() == [("REFUNDED", True)]


def test_killed_again_and_again_it_ends_where_an_undisturbed_one_does(home, shop):
    begun = time.monotonic()
    sync(home, shop)
    whole = time.monotonic() - begun
    shutil.rmtree(home / "lake")
    chance, kills = random.Random(7), 0
    for _ in range(8):
        begun = time.monotonic()
        process = begin(home, shop, "--full")
        try:
            process.communicate(timeout=chance.uniform(0.3, 0.95) * whole)
            if kills:
                break
            # The machine had more to do when it was measured than now.
            whole = time.monotonic() - begun
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
    assert kills > 0
    sync(home, shop, "--full")
    assert same(home, shop)


def test_faults_of_shopify_change_nothing(home, shop):
    shop.control("POST", "faults/bulk", {"fail_after_rows": 300, "error_code": "TIMEOUT"})
    shop.control("POST", "faults/bulk", {"truncate_after": 20_000, "truncate_times": 3})
    shop.fault(503, 2)
    shop.fault(429, 1)
    report = sync(home, shop)
    assert report["problems"] == {}
    assert same(home, shop)


def test_two_at_once_one_is_refused(home, shop):
    running = begin(home, shop)
    second = None
    try:
        while second is None and running.poll() is None:
            if (home / "lake" / "shop" / "staging").is_dir():
                # Stopped, it holds what it holds for as long as the other needs to start.
                running.send_signal(signal.SIGSTOP)
                other = begin(home, shop)
                _, err = other.communicate(timeout=120)
                second = (other.returncode, err.decode())
    finally:
        running.send_signal(signal.SIGCONT)
        running.communicate(timeout=240)
    assert second is not None
    assert second[0] == 3, second[1]
    assert "another sync" in second[1]
    assert running.returncode == 0


def test_nothing_of_the_customers_lies_on_the_disk(home, shop):
    sync(home, shop)
    customer = shop.control("GET", f"shop/{Kind.CUSTOMER}?limit=1")[0]["body"]
    names = [customer[name].encode() for name in ("email", "phone", "note") if customer.get(name)]
    assert names
    stored = b"".join(p.read_bytes() for p in (home / "lake").rglob("*") if p.is_file())
    assert not [name for name in names if name in stored]
    for table in (home / "lake" / "shop").glob("*/*.parquet"):
        rows = str(duckdb.sql(f"FROM '{table}'").fetchall())
        assert not [name for name in names if name.decode() in rows]
