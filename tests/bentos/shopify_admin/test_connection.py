import stat
import threading
from datetime import UTC, datetime

import pytest

from bentos.contract.errors import ContractError
from bentos.shopify_admin.connection import KEY_FILE, Connection, ConnectionStore

SHOP = "demo.myshopify.com"
FULL = Connection(
    shop=SHOP,
    grant="offline",
    client_id="abc",
    client_secret="shpss_secret",
    access_token="shpat_access",
    expires_at=datetime(2026, 11, 23, 3, tzinfo=UTC),
    refresh_token="shprt_refresh",
    scopes=("read_orders",),
)
SECRETS = ("shpss_secret", "shpat_access", "shprt_refresh")


def everything(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_what_is_kept_comes_back_and_nobody_can_read_it(tmp_path):
    store = ConnectionStore(tmp_path)
    store.write(FULL)
    assert ConnectionStore(tmp_path).read(SHOP) == FULL
    assert store.shops() == [SHOP]
    assert not any(secret.encode() in everything(tmp_path) for secret in SECRETS)
    assert not any(secret in repr(FULL) + str(FULL) for secret in SECRETS)
    for path in (tmp_path / KEY_FILE, tmp_path / "shopify_admin" / f"{SHOP}.sealed"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "shopify_admin").stat().st_mode) == 0o700


def test_a_shop_s_file_does_not_open_as_another_s(tmp_path):
    store = ConnectionStore(tmp_path)
    store.write(FULL)
    folder = tmp_path / "shopify_admin"
    (folder / f"{SHOP}.sealed").rename(folder / "other.myshopify.com.sealed")
    with pytest.raises(ContractError, match="connect the shop again"):
        store.read("other.myshopify.com")


def test_without_its_key_it_says_what_to_do(tmp_path):
    store = ConnectionStore(tmp_path)
    store.write(FULL)
    (tmp_path / KEY_FILE).write_text("ab" * 32)
    with pytest.raises(ContractError, match=KEY_FILE) as raised:
        store.read(SHOP)
    assert not any(secret in str(raised.value) for secret in SECRETS)
    (tmp_path / KEY_FILE).write_text("no key")
    with pytest.raises(ContractError, match="keys in hex"):
        store.read(SHOP)


def test_the_key_can_be_rotated(tmp_path):
    store = ConnectionStore(tmp_path)
    store.write(FULL)
    old = (tmp_path / KEY_FILE).read_text()
    (tmp_path / KEY_FILE).write_text("cd" * 32 + "\n" + old)
    assert store.reseal() == 1
    assert store.reseal() == 0
    (tmp_path / KEY_FILE).write_text("cd" * 32 + "\n")
    assert store.read(SHOP) == FULL


def test_a_shop_can_be_forgotten(tmp_path):
    store = ConnectionStore(tmp_path)
    store.write(FULL)
    assert store.remove(SHOP)
    assert not store.remove(SHOP)
    with pytest.raises(ContractError, match="shop connect"):
        store.read(SHOP)
    with pytest.raises(ContractError, match="myshopify"):
        store.read("../keys")


def test_two_that_begin_at_once_use_one_key(tmp_path):
    shops = [f"shop-{number}.myshopify.com" for number in range(8)]

    def write(shop):
        ConnectionStore(tmp_path).write(Connection(shop=shop, grant="static", access_token="x"))

    threads = [threading.Thread(target=write, args=(shop,)) for shop in shops]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [ConnectionStore(tmp_path).read(shop).shop for shop in shops] == shops
