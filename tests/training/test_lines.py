"""From a file to the lake: consent first, pseudonyms before anything is written."""

import stat

import duckdb
import pytest

from bentos.contract.identity import Pseudonymizer
from tests.training.consents import give_consents
from training.errors import ConsentError, OrderError
from training.lines import OrderSource, prepare_lines
from training.pseudonyms import load_key
from training.settings import Settings

BASIS = "contract: test"


@pytest.fixture
def settings(tmp_path):
    settings = Settings(home=tmp_path / "home", shop="my-shop")
    give_consents(settings.home, shop=settings.shop)
    return settings


def everything_below(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_merchants_own_orders_need_a_consent(tmp_path, orders_export):
    settings = Settings(home=tmp_path / "another")
    with pytest.raises(ConsentError) as caught:
        prepare_lines(settings, OrderSource(orders=orders_export))
    assert caught.value.field == "consent"
    assert not settings.home.exists()


def test_nobody_is_named_on_disk(settings, orders_export):
    lines = prepare_lines(settings, OrderSource(orders=orders_export, consent_basis=BASIS))
    written = everything_below(settings.home)
    assert b"example.com" not in written
    assert b"Shopper Number" not in written
    key = load_key(settings.keys / "pseudonym.key")
    name = key.pseudonym("my-shop", "customer", "shopper1@example.com")
    found = duckdb.sql(f"SELECT count(*) FROM '{lines.path}' WHERE customer_id = '{name}'")
    assert found.fetchall()[0][0] > 0


def test_the_key_is_made_for_its_owner_only_and_kept(settings, orders_export):
    source = OrderSource(orders=orders_export, consent_basis=BASIS)
    first = prepare_lines(settings, source)
    path = settings.keys / "pseudonym.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert prepare_lines(settings, source) == first


def test_another_key_gives_other_pseudonyms(settings, orders_export, tmp_path):
    other = tmp_path / "other.key"
    other.write_text("ab" * 32)
    source = OrderSource(orders=orders_export, consent_basis=BASIS)
    first = prepare_lines(settings, source)
    keyed = OrderSource(orders=orders_export, consent_basis=BASIS, pseudonym_key_file=other)
    second = prepare_lines(settings, keyed)
    assert first.pseudonym_key_id != second.pseudonym_key_id
    assert first.path != second.path
    assert isinstance(load_key(other), Pseudonymizer)


def test_bad_orders_leave_nothing_in_the_lake(settings, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID\n"
        "1,2,3,4,not a date,6,7\n"
    )
    with pytest.raises(OrderError, match="InvoiceDate"):
        prepare_lines(settings, OrderSource(orders=path))
    assert not settings.lake.exists()
