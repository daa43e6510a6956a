"""A shopper who is found everywhere is erased, and found nowhere; everybody else stays."""

import json
import subprocess
import sys

import duckdb
import pytest

from bentos import redaction_files
from bentos.contract.errors import ContractError
from bentos.contract.redaction import order_digest, order_secret, subject_digest
from tests.training.made_up_shop import ROOT
from tests.training.redaction.lived_in import (
    FIRST_ORDER,
    OTHER,
    OTHER_MAIL,
    OTHERS_ORDER,
    SUBJECT,
    SUBJECT_MAIL,
)
from training.fingerprint import file_digest
from training.lake import digest_of_parts
from training.nightly import record as records
from training.nightly.errors import BusyError
from training.nightly.redacted import of_version
from training.pseudonyms import KEY_FILE, load_key
from training.redaction import erasing, lock, scope
from training.shop.tables import ShopLake

PLACES = {
    "consents/consents.json",
    "consents/control-plane.json",
    "lake/features/customer_baskets",
    "lake/features/customer_orders",
    "lake/features/customer_segments",
    "lake/runs/lines",
    "lake/runs/nightly",
    "lake/shop/customers",
    "lake/shop/order_lines",
    "lake/shop/orders",
    "lake/shop/refunds",
    "lake/shop/sales",
    "lake/shop/staging",
}


def orders_of(home, name):
    """Order names of a customer, as their lines have them."""
    found = set()
    for path in scope.lines_files(home.lake):
        query = f"SELECT DISTINCT order_id FROM '{path}' WHERE customer_id = ?"
        found |= {row[0] for row in duckdb.execute(query, [home.pseudonym(name)]).fetchall()}
    return {order for order in found if len(order) >= 6}


def rows(home, table):
    path = ShopLake.of(home.settings).table(table)
    return duckdb.sql(f"SELECT * EXCLUDE synced_at FROM '{path}'").fetchall()


def test_found_everywhere_then_nowhere_and_nobody_else_with_them(home):
    theirs = {str(FIRST_ORDER), *orders_of(home, SUBJECT), *orders_of(home, SUBJECT_MAIL)}
    assert len(theirs) > 10
    before = home.found(SUBJECT, SUBJECT_MAIL, texts=theirs)
    assert before >= PLACES
    assert {place.rpartition("/")[0] for place in before - PLACES} == {
        *("features/generations", "lake/orders", "lake/snapshots")
    }
    others = home.found(OTHER, OTHER_MAIL, texts=[str(OTHERS_ORDER)])
    record = erasing.erase(home.settings, home.request())
    assert home.found(SUBJECT, SUBJECT_MAIL, texts=theirs) == set()
    left = home.found(OTHER, OTHER_MAIL, texts=[str(OTHERS_ORDER)])
    # Staging goes whole, a kept result goes to be made again; sales are made when asked for.
    assert {place for place in others - left if not place.startswith("features/gen")} <= {
        *("lake/shop/staging", "lake/shop/sales", "lake/runs/lines")
    }
    assert set(record.removed) >= {"online store", "consents", "lake/orders", "lake/snapshots"}
    assert record.removed["lake/shop/order_lines"] == 2
    assert home.pseudonym(SUBJECT) not in (home.lake / "redactions/r-17.json").read_text()
    assert set(record.subjects_sha256) == {
        subject_digest(home.pseudonym(name)) for name in (SUBJECT, SUBJECT_MAIL)
    }
    secret = order_secret(load_key(home.settings.keys / KEY_FILE), home.settings.shop)
    assert order_digest(secret, str(FIRST_ORDER)) in record.orders_keyed
    assert record.orders_sha256 == ()
    assert record.until == "2026-11-20T10:00:00Z"


def test_the_rest_of_a_shop_s_tables_is_as_it_was(home):
    before = {name: rows(home, name) for name in ("orders", "order_lines", "customers", "products")}
    erasing.erase(home.settings, home.request())
    subject = home.pseudonym(SUBJECT)
    assert rows(home, "orders") == [row for row in before["orders"] if subject not in row]
    assert rows(home, "customers") == [row for row in before["customers"] if subject not in row]
    assert rows(home, "products") == before["products"]
    assert rows(home, "order_lines") == [r for r in before["order_lines"] if FIRST_ORDER not in r]
    current = ShopLake.of(home.settings).current()
    files = sorted(path.name for path in (home.lake / "shop").glob("orders/*"))
    assert files == [f"{current.generation:06d}.parquet"]
    assert (current.tables["orders"].rows, current.tables["orders"].deleted) == (1, 0)


def test_datasets_get_another_digest_and_what_cannot_be_told_apart_goes_whole(home):
    before = home.snapshots()
    record = erasing.erase(home.settings, home.request())
    assert set(record.snapshots) == before
    left = {after for after in record.snapshots.values() if after}
    assert (home.snapshots(), len(left)) == (left, 2)
    for digest in left:
        (part,) = (home.lake / "snapshots" / digest).iterdir()
        assert digest_of_parts({part.name: file_digest(part)}) == digest
    assert list((home.lake / "fits").iterdir()) == []
    assert list((home.lake / "exports").iterdir()) == []
    assert {each.model for each in record.versions} == {"fraud", "pricing", "recommendations"}


def test_a_dense_customer_is_known_by_what_was_bought(home):
    def purchases():
        path = next((home.lake / "snapshots").glob("*/purchases.parquet"))
        customers = duckdb.sql(f"SELECT customer, count(*) FROM '{path}' GROUP BY 1").fetchall()
        return dict(customers)

    bought = set()
    for path in scope.lines_files(home.lake):
        query = f"SELECT DISTINCT order_id, product_id FROM '{path}' WHERE customer_id = ?"
        bought |= set(duckdb.execute(query, [home.pseudonym(SUBJECT_MAIL)]).fetchall())
    before = purchases()
    erasing.erase(home.settings, home.request())
    after = purchases()
    (gone,) = before.keys() - after.keys()
    assert before[gone] == len(bought)
    assert after == {customer: n for customer, n in before.items() if customer != gone}


def test_what_a_stopped_night_showed_of_another_order_is_kept(home):
    erasing.erase(home.settings, home.request())
    night = records.newest(home.lake)
    (step,) = night.steps
    assert step.findings[0].rows == ({"order_id": str(OTHERS_ORDER), "line": "1"},)
    assert str(OTHERS_ORDER) in step.error
    assert "(erased)" in step.error


def test_done_twice_changes_nothing_and_only_a_request_s_own_shop_is_touched(home):
    request = home.request()
    first = erasing.erase(home.settings, request)
    assert erasing.erase(home.settings, request) == first
    with pytest.raises(ContractError, match="SIGNALBOX_SHOP"):
        erasing.erase(home.settings, home.request(id="r-18", shop="another", kind="shop"))
    assert redaction_files.record_of(home.lake, "r-18") is None


def test_two_people_one_after_the_other_and_every_version_names_both(home):
    first = erasing.erase(home.settings, home.request())
    subjects = [home.pseudonym(OTHER), home.pseudonym(OTHER_MAIL)]
    second = erasing.erase(
        home.settings, home.request(id="r-18", subjects=subjects, order_numbers=[])
    )
    assert home.found(OTHER, OTHER_MAIL, texts=[str(OTHERS_ORDER)]) == set()
    assert set(second.snapshots) == {after for after in first.snapshots.values() if after}
    assert second.versions == first.versions
    for version, digest in ((v.version, d) for v in first.versions for d in first.snapshots):
        if version.endswith(digest[:8]):
            assert of_version(home.lake, version, digest) == (first, second)


def test_a_whole_shop_leaves_what_names_nobody(home):
    everybody = (SUBJECT, SUBJECT_MAIL, OTHER, OTHER_MAIL)
    assert home.found(*everybody)
    snapshots = home.snapshots()
    record = erasing.erase(home.settings, home.request(kind="shop", subjects=[], order_numbers=[]))
    assert home.found(*everybody, texts=["SKU-00", str(OTHERS_ORDER)]) == set()
    assert record.snapshots == dict.fromkeys(snapshots)
    assert len(record.features) == 7
    assert len(record.versions) == 3
    assert sorted(path.name for path in home.lake.iterdir() if path.is_dir()) == [
        *("exports", "features", "fits", "orders", "redactions", "runs", "shop", "snapshots"),
        "versions",
    ]
    assert ShopLake.of(home.settings).current() is None


def test_a_run_under_way_or_a_sync_is_waited_for_by_asking_again(home):
    request = home.request()
    with lock.using(home.lake), pytest.raises(BusyError, match="under way"):
        erasing.erase(home.settings, request)
    with ShopLake.of(home.settings).syncing(), pytest.raises(BusyError, match="sync"):
        erasing.erase(home.settings, request)
    assert redaction_files.record_of(home.lake, request.id) is None
    erasing.erase(home.settings, request)


def test_looking_changes_nothing(home):
    before = home.found(SUBJECT, SUBJECT_MAIL)
    work = erasing.foresee(home.settings, home.request())
    assert home.found(SUBJECT, SUBJECT_MAIL) == before
    assert work.removed["lake/shop/orders"] == 1
    assert not (home.lake / "redactions").exists()


# Ends the process like kill -9 at the n-th change of a file; 0 when there are fewer.
KILLED = """
import os, shutil, sys
from pathlib import Path
from bentos import redaction_files
from training.redaction import erasing
from training.settings import Settings
left = int(sys.argv[2])
def counted(do):
    def once(*given, **named):
        global left
        left -= 1
        if left == 0:
            os._exit(9)
        return do(*given, **named)
    return once
for owner, names in ((Path, ("replace", "rename", "unlink")), (shutil, ("rmtree",))):
    for name in names:
        setattr(owner, name, counted(getattr(owner, name)))
home = Path(sys.argv[1])
(path,) = redaction_files.request_files(home)
erasing.erase(Settings(home=home), redaction_files.read_request(path))
"""


def killed(home, at):
    command = [sys.executable, "-c", KILLED, str(home.settings.home), str(at)]
    return subprocess.run(command, cwd=ROOT, check=False, timeout=120).returncode


@pytest.mark.slow
@pytest.mark.parametrize("at", range(1, 60, 3))
def test_killed_at_any_change_it_goes_on_to_the_same_end(home, planted, at):
    request = home.request()
    code = killed(home, at)
    assert code in {0, 9}
    if code == 9 and redaction_files.record_of(home.lake, request.id) is not None:
        # Killed at the very last change, which takes away the note of whom it was about.
        assert home.found(SUBJECT, SUBJECT_MAIL) == {"lake/redactions/.r-17.work"}
    record = erasing.erase(home.settings, request)
    assert home.found(SUBJECT, SUBJECT_MAIL, texts=[str(FIRST_ORDER)]) == set()
    assert not list((home.lake / "redactions").glob(".*.work"))
    assert home.snapshots() == {after for after in record.snapshots.values() if after}
    assert len(record.snapshots) == 3
    assert len(record.features) == 3
    assert len(record.versions) == 3
    for place in (home.lake / "features").glob("*/*/*"):
        partition = json.loads((place / "partition.json").read_text())
        assert partition["parts"]["values.parquet"] == file_digest(place / "values.parquet")


def test_no_more_changes_than_are_killed_at(home):
    home.request()
    assert killed(home, 60) == 0
