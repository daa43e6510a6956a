"""``python -m training features`` as a person types it."""

import json
import subprocess
import sys

import pytest

from bentos.contract.errors import ContractError
from tests.training.consents import give_consents
from tests.training.made_up_shop import ROOT, run_training
from training.features import commands
from training.features.registry import VIEWS


def features(home, *arguments):
    return run_training(home, "features", *arguments)


@pytest.fixture
def printed(tmp_path, monkeypatch, capfd):
    """What a command prints, run in this process."""
    monkeypatch.setenv("SIGNALBOX_HOME", str(tmp_path))

    def run(*arguments):
        commands.app(args=list(arguments), standalone_mode=False)
        return capfd.readouterr().out

    return run


def test_they_list_and_show_without_orders(printed):
    listed = json.loads(printed("list", "--json"))
    assert [view["view"] for view in listed] == [view.tag for view in VIEWS]
    assert listed[0]["moments"] == 0
    assert printed("list").count("days") == len(VIEWS)
    assert 'FROM "order_lines"' in printed("show", "customer_orders@1", "--dialect", "snowflake")
    assert "orders so far" in printed("show", "customer_orders@1")


def test_check_says_what_is_recorded(printed):
    assert "7 views" in printed("check")


def test_what_is_not_there_is_named(tmp_path, printed):
    with pytest.raises(ContractError, match="'bigquery', 'duckdb', 'snowflake'"):
        printed("show", "product_affinity@1", "--dialect", "pyspark")
    done = features(tmp_path, "show", "customer_orders@9")
    assert done.returncode == 2
    assert "customer_orders@1" in done.stderr


def test_nights_are_computed_into_the_lake_and_the_store_stays_empty(tmp_path, orders_export):
    give_consents(tmp_path)
    done = features(
        tmp_path, "compute", "--orders", str(orders_export), "--consent-basis", "contract: test",
        "--as-of", "2024-03-02", "--nights", "2", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert [p["as_of"][:10] for p in made] == ["2024-03-01"] * len(VIEWS) + ["2024-03-02"] * len(
        VIEWS
    )
    assert not (tmp_path / "features").exists()
    place = tmp_path / "lake" / "features" / "customer_orders" / "1"
    assert len(list(place.iterdir())) == 2
    raw = b"@example.com"
    assert not [p for p in place.rglob("*.parquet") if raw in p.read_bytes()]


@pytest.mark.parametrize("module", ["training.cli", "training.package"])
def test_other_commands_do_not_wait_for_ibis(module):
    code = f"import sys, {module}; sys.exit('ibis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == 0
