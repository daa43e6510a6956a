"""What a request forbids from the moment it lies there, before anything was erased for it."""

import subprocess
import sys

import duckdb
import msgspec
import pytest

from bentos import redaction_files
from bentos.contract.errors import ContractError
from tests.training.made_up_shop import ROOT
from tests.training.redaction.lived_in import FIRST_ORDER, OTHER_MAIL, SUBJECT, SUBJECT_MAIL
from training import atomic
from training.lines import OrderSource, prepare_lines
from training.recipes import Request
from training.redaction import erased, honouring
from training.run import make_snapshot, read_manifest
from training.shop.tables import ShopLake

OF_SHOP = {"kind": "shop", "subjects": [], "order_numbers": []}
WAITS = "redaction r-17, which waits"
PACKAGE = """
import sys
from pathlib import Path
from types import SimpleNamespace
from training.package import package
from training.recipes import Request
from training.settings import Settings
settings, lines = Settings(home=Path(sys.argv[1])), SimpleNamespace(own_data=True)
package(settings, lines, None, Request(model="fraud", seed=1), None)
"""


@pytest.fixture
def orders(planted):
    return OrderSource(orders=planted.settings.home.parent / "orders_export_1.csv")


def test_nothing_is_fetched_of_a_shop_that_waits_to_go_and_nothing_made_of_it(home, orders):
    known = prepare_lines(home.settings, orders)
    home.request(**OF_SHOP)
    home.shop.calls.clear()
    with pytest.raises(ContractError, match=WAITS):
        home.sync()
    assert home.shop.calls == []
    for source in (OrderSource(shop=True), orders):
        with pytest.raises(ContractError, match=WAITS):
            prepare_lines(home.settings, source)
    with pytest.raises(ContractError, match=WAITS):
        make_snapshot(home.settings, known, Request(model="fraud", seed=1))
    # Public orders are no shop's.
    assert erased.gone_from(home.settings, own_data=False).shop == ""
    assert len(honouring.honour(home.settings).made) == 1
    home.sync()


@pytest.mark.slow
def test_no_version_comes_of_a_shop_that_waits_to_go(home):
    home.request(**OF_SHOP)
    # BentoML has a process of its own, as everywhere in these tests.
    command = [sys.executable, "-c", PACKAGE, str(home.settings.home)]
    packaged = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert WAITS in packaged.stderr


def test_a_sync_during_which_the_shop_s_end_was_asked_for_changes_no_table(home):
    home.shop.order(FIRST_ORDER + 9, customer=SUBJECT, days=0.1)
    before = ShopLake.of(home.settings).current()
    reads = home.shop.download

    def asked_meanwhile(*given, **named):
        home.request(**OF_SHOP)
        return reads(*given, **named)

    home.shop.download = asked_meanwhile
    with pytest.raises(ContractError, match=WAITS):
        home.sync()
    assert ShopLake.of(home.settings).current() == before


def test_who_waits_to_be_erased_is_in_no_lines_that_are_made_meanwhile(home, orders):
    known = prepare_lines(home.settings, orders)
    home.request()
    made = prepare_lines(home.settings, orders)
    query = f"SELECT DISTINCT customer_id FROM '{made.path}'"
    names = {row[0] for row in duckdb.sql(query).fetchall()}
    assert home.pseudonym(SUBJECT_MAIL) not in names
    assert home.pseudonym(OTHER_MAIL) in names
    assert made.report["customers"] == known.report["customers"] - 1


def test_a_version_made_while_somebody_waits_is_named_as_one_that_stood_before(home):
    """A night past its lines goes on and registers what it made; the redaction comes after it."""
    stood = home.versions()
    home.request()
    (place,) = home.lake.glob("versions/fraud-*/manifest.json")
    known = read_manifest(place)
    meanwhile = msgspec.structs.replace(known, version="fraud:20261124-0000000a")
    path = home.lake / "versions" / "fraud-20261124-0000000a" / "manifest.json"
    atomic.write_bytes(path, msgspec.json.encode(meanwhile))
    (record,) = honouring.honour(home.settings).made
    named = {each.version for each in record.versions}
    assert named == stood | {meanwhile.version} == home.versions()


def test_another_shop_s_request_forbids_nothing(home, orders):
    home.request(**OF_SHOP, shop="another")
    home.sync()
    prepare_lines(home.settings, orders)


def test_what_cannot_be_read_names_anybody(home, orders):
    redaction_files.request_path(home.settings.home, "broken").parent.mkdir(parents=True)
    redaction_files.request_path(home.settings.home, "broken").write_text("{")
    with pytest.raises(ContractError, match="broken"):
        prepare_lines(home.settings, orders)
