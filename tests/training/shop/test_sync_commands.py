import contextlib
import json

import pytest

from bentos.contract.errors import ContractError
from tests.training.fake_shop import FakeShop
from training.settings import Settings
from training.shop import sync_commands
from training.shop.cli import app
from training.shop.errors import SyncRunning
from training.shop.tables import ShopLake


def run(*arguments):
    with pytest.raises(SystemExit) as stopped:
        app(args=list(arguments))
    return stopped.value.code


@pytest.fixture
def shop(tmp_path, monkeypatch):
    made = FakeShop()
    made.product(1)
    made.order(1, [(1, 1)])
    monkeypatch.setenv("SIGNALBOX_HOME", str(tmp_path))
    monkeypatch.setattr(sync_commands, "domain_of", lambda *_: "demo.myshopify.com")
    monkeypatch.setattr(
        sync_commands, "connected_client", lambda *_, **__: contextlib.nullcontext(made)
    )
    monkeypatch.setattr(sync_commands, "clock_of", lambda _: made.clock)
    return made


def test_a_shop_that_is_not_connected_is_bad_input(tmp_path, monkeypatch):
    monkeypatch.setenv("SIGNALBOX_HOME", str(tmp_path))
    with pytest.raises(ContractError, match="training shop connect"):
        app(args=["sync"])
    with pytest.raises(ContractError, match="training shop sync"):
        app(args=["status"])


def test_sync_and_status_say_what_there_is_and_what_is_out_of_sight(shop, capsys):
    assert run("sync") == 0
    said = capsys.readouterr()
    assert "orders" in said.out
    assert "out of sight: the app has no read_all_orders" in said.err
    assert run("status", "--json") == 0
    status = json.loads(capsys.readouterr().out)
    assert status["tables"]["orders"]["rows"] == 1
    assert status["watermarks"]["orders"] == "2026-11-23T03:00:00Z"


def test_a_part_that_was_given_up_is_said_and_gives_1(shop, capsys):
    shop.faults = ["CANCELED"] * 5
    assert run("sync", "--json") == 1
    assert "given up" in json.loads(capsys.readouterr().out)["problems"]["orders"]


def test_another_sync_is_refused(shop):
    with ShopLake.of(Settings()).syncing(), pytest.raises(SyncRunning, match="another sync"):
        app(args=["sync"])


def test_a_dry_run_asks_nobody(shop, capsys):
    assert run("sync", "--dry-run") == 0
    foreseen = json.loads(capsys.readouterr().out)
    assert foreseen["full"]
    assert "lineItems" in foreseen["bulk"]["orders"]
    assert "email" not in str(foreseen["bulk"]).lower().replace("defaultemailaddress", "")
    assert shop.calls == []


def test_a_clock_that_is_none_is_bad_input(tmp_path, monkeypatch):
    monkeypatch.setenv("SIGNALBOX_HOME", str(tmp_path))
    monkeypatch.setattr(sync_commands, "domain_of", lambda *_: "demo.myshopify.com")
    with pytest.raises(ContractError, match="--clock"):
        app(args=["sync", "--clock", "fast"])
