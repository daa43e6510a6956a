"""A night begins with a sync of the connected shop; what may pass is told from what cannot."""

import contextlib

import pytest

from bentos.contract.errors import ContractError
from bentos.shopify_admin.errors import AccessDenied, Unavailable
from tests.training.fake_shop import FakeShop
from training.nightly import shop_sync
from training.nightly.errors import DeskError, PassingError
from training.settings import Settings
from training.shop.errors import SyncError, SyncRunning
from training.shop.paging import Pages
from training.shop.reading import Reader
from training.shop.tables import ShopLake


@pytest.fixture
def shop(monkeypatch):
    made = FakeShop()
    made.product(1)
    made.order(1, [(1, 1)])
    monkeypatch.setattr(shop_sync, "domain_of", lambda *_: "demo.myshopify.com")
    monkeypatch.setattr(shop_sync, "SystemClock", lambda: made.clock)
    monkeypatch.setattr(
        shop_sync, "connected_client", lambda *_, **__: contextlib.nullcontext(made)
    )
    return made


def test_orders_are_read_into_the_lake_and_again_when_they_change(shop, tmp_path):
    settings = Settings(home=tmp_path)
    shop_sync.sync_shop(settings)
    assert ShopLake.of(settings).current().tables["orders"].rows == 1
    shop.order(2, [(1, 1)])
    shop_sync.sync_shop(settings)
    assert ShopLake.of(settings).current().tables["orders"].rows == 2


def test_a_part_that_was_given_up_may_come_later(shop, tmp_path):
    shop.faults = ["CANCELED"] * 5
    with pytest.raises(PassingError, match="orders"):
        shop_sync.sync_shop(Settings(home=tmp_path))


def gives_up(stream, monkeypatch, name):
    def refuse(*_, **__):
        raise SyncError(f"{name}: given up after 5 operations")

    monkeypatch.setattr(stream, name, refuse)


def test_a_stream_that_is_given_up_every_night_ends_none_of_them(shop, tmp_path, monkeypatch):
    settings = Settings(home=tmp_path)
    assert shop_sync.sync_shop(settings) == {}
    gives_up(Pages, monkeypatch, "refunds")
    for number in (2, 3):
        shop.order(number, [(1, 1)])
        assert list(shop_sync.sync_shop(settings)) == ["refunds"]
        assert ShopLake.of(settings).current().tables["orders"].rows == number


def test_a_stream_that_was_never_read_and_the_customers_are_needed(shop, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        gives_up(Pages, patch, "refunds")
        with pytest.raises(PassingError, match="no night without it: refunds"):
            shop_sync.sync_shop(Settings(home=tmp_path / "new"))
    shop_sync.sync_shop(Settings(home=tmp_path / "old"))
    read = Reader.read

    def all_but_customers(self, stream):
        if stream.name == "customers":
            raise SyncError("customers: given up after 5 operations")
        read(self, stream)

    monkeypatch.setattr(Reader, "read", all_but_customers)
    with pytest.raises(PassingError, match="no night without it: customers"):
        shop_sync.sync_shop(Settings(home=tmp_path / "old"))


@pytest.mark.parametrize(
    ("error", "becomes"),
    [
        (Unavailable("no answer"), PassingError),
        (SyncRunning("another one"), PassingError),
        (AccessDenied("no scope"), DeskError),
    ],
)
def test_what_may_pass_is_told_from_what_cannot(shop, tmp_path, monkeypatch, error, becomes):
    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(shop_sync, "connected_client", refuse)
    with pytest.raises(becomes, match=str(error)):
        shop_sync.sync_shop(Settings(home=tmp_path))


def test_without_a_connected_shop_it_is_bad_input(tmp_path):
    with pytest.raises(ContractError, match="a connected shop"):
        shop_sync.sync_shop(Settings(home=tmp_path))
