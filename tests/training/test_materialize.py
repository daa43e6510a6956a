"""``python -m training materialize`` on a made-up shop, read back as a gateway would."""

import json
from datetime import UTC, datetime

import lmdb
import pytest

from bentos.contract import online_store as stored
from bentos.contract.errors import ContractError
from tests.training.consents import give_consents
from tests.training.made_up_shop import run_training
from training.features.customer_views import CUSTOMER_ORDERS
from training.materialize import moment_of
from training.pseudonyms import load_key

BASIS = ("--consent-basis", "contract: test")


def materialize(home, orders, *arguments, **variables):
    give_consents(home)
    command = ("materialize", "--orders", str(orders), *BASIS, "--json", *arguments)
    return run_training(home, *command, **variables)


def look_up(home, generation, view, identifier):
    key = load_key(home / "keys" / "pseudonym.key")
    name = key.pseudonym("demo-shop", view.entity, identifier)
    place = home / "features" / "generations" / generation["name"]
    store = lmdb.open(str(place), readonly=True, lock=False, create=False)
    with store, store.begin() as transaction:
        data = transaction.get(stored.key_prefix(view) + name.encode())
    return data and stored.decode_record(data, "r")


def test_customers_and_products_are_found_under_the_gateway_s_pseudonyms(tmp_path, orders_export):
    done = materialize(tmp_path, orders_export)
    assert done.returncode == 0, done.stderr
    generation = json.loads(done.stdout)["generation"]
    assert {tag: view["records"] for tag, view in generation["views"].items()} == {
        "customer_orders@1": 90, "customer_segments@1": 90, "customer_baskets@1": 90,
        "product_sales@1": 40, "product_affinity@1": 40, "product_prices@1": 40,
        "product_seasons@1": 40,
    }  # fmt: skip
    anna = look_up(tmp_path, generation, CUSTOMER_ORDERS, "shopper7@example.com")
    assert anna.fields["orders"] > 5
    assert anna.fields["days_since_last_order"] >= 0
    assert look_up(tmp_path, generation, CUSTOMER_ORDERS, "nobody@example.com") is None
    planted = [b"@example.com", b"Shopper Number"]
    held = [path for path in (tmp_path / "features").rglob("*") if path.is_file()]
    assert len(held) >= 3
    assert [p for p in held if any(raw in p.read_bytes() for raw in planted)] == []


@pytest.mark.slow
def test_values_are_of_the_moment_asked_for_and_count_as_made_when_said(tmp_path, orders_export):
    done = materialize(tmp_path, orders_export, "--as-of", "2024-03-01")
    assert done.returncode == 0, done.stderr
    early = json.loads(done.stdout)["generation"]
    assert early["as_of"] == "2024-03-01T00:00:00.000000+00:00"
    replayed = materialize(
        tmp_path, orders_export, "--as-of", "2024-03-01", "--at", "2026-11-24T03:00:00+00:00"
    )
    assert replayed.returncode == 0, replayed.stderr
    late = json.loads(replayed.stdout)["generation"]
    assert late["as_of"] == "2026-11-24T03:00:00.000000+00:00"
    one, two = (
        look_up(tmp_path, g, CUSTOMER_ORDERS, "shopper7@example.com") for g in (early, late)
    )
    assert one.fields == two.fields
    assert one.at_us < two.at_us


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"SIGNALBOX_ONLINE_STORE_URL": "http://127.0.0.1"}, "SIGNALBOX_ONLINE_STORE_URL"),
        ({"SIGNALBOX_ONLINE_STORE_URL": "redis://:hunter2@127.0.0.1"}, "no password"),
    ],
)
def test_a_store_that_makes_no_sense_is_bad_input(tmp_path, orders_export, variables, named):
    done = materialize(tmp_path, orders_export, **variables)
    assert done.returncode == 2
    assert named in done.stderr
    assert "hunter2" not in done.stderr


def test_a_moment_has_a_zone():
    assert moment_of(None) is None
    assert moment_of("now").tzinfo is UTC
    assert moment_of("2026-11-24T03:00:00+00:00") == datetime(2026, 11, 24, 3, tzinfo=UTC)
    for text in ("2026-11-24T03:00:00", "yesterday"):
        with pytest.raises(ContractError, match="--at"):
            moment_of(text)
