"""What shoppers typed is planted in every text field of an order file, and found nowhere.

Each field has a text of its own in each order, so that what is found says which field it came
through. What may be found: the order's name, and the merchant's names of products.
"""

import csv
import json

import pytest

from tests.planted_data import PlantedData
from tests.training.consents import give_consents
from tests.training.made_up_shop import HEADER, made_up_orders, run_training
from training.lines import OrderSource, prepare_lines
from training.recipes import RECIPES, Request
from training.run import make_snapshot
from training.settings import Settings

MARK = "Canary7f3a"
# Shopify's export has these besides; whatever a shopper, or somebody of the shop's, may type.
TYPED = [
    "Notes", "Note Attributes", "Tags", "Shipping Method", "Discount Code", "Cancel Reason Note",
    "Billing Name", "Billing Street", "Billing Address1", "Billing Address2", "Billing Company",
    "Billing City", "Billing Zip", "Billing Province", "Billing Country", "Billing Phone",
    "Shipping Name", "Shipping Street", "Shipping Address1", "Shipping Address2",
    "Shipping Company", "Shipping City", "Shipping Zip", "Shipping Province", "Shipping Country",
    "Shipping Phone", "Payment Reference", "Payment ID", "Device ID", "Phone", "Employee",
    "Location", "Receipt Number", "Lineitem properties", "Email",
]  # fmt: skip


def planted(field, number):
    text = f"{MARK}{field.replace(' ', '')}{number}"
    return f"{text}@example.com" if field == "Email" else text


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    """An order file with a text of its own in every typed field of every order."""
    path = tmp_path_factory.mktemp("planted") / "orders_export_1.csv"
    numbers = {}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(HEADER + TYPED)), restval="")
        writer.writeheader()
        for row in made_up_orders():
            shopper = row.get("Email") or numbers.get(row["Name"])
            numbers[row["Name"]] = shopper
            number = shopper.partition("@")[0].removeprefix("shopper")
            typed = {field: planted(field, number) for field in TYPED}
            if "Email" not in row:
                # On the first line of an order only, as Shopify writes it.
                del typed["Email"]
            writer.writerow(row | typed)
    return path


@pytest.fixture(scope="module")
def search():
    return PlantedData([f"{MARK}{field.replace(' ', '')}" for field in TYPED])


def test_every_text_is_there_to_be_found(orders, search):
    """The positive control: the same search, over the file the texts came in."""
    assert search.texts_below(orders.parent) == set(search.texts)


def test_no_text_reaches_lines_or_snapshots(orders, search, tmp_path):
    settings = Settings(home=tmp_path / "home")
    give_consents(settings.home)
    lines = prepare_lines(settings, OrderSource(orders=orders))
    for model in RECIPES:
        make_snapshot(settings, lines, Request(model=model, seed=1))
    assert lines.report["customers"] == 90
    assert search.found_below(settings.home) == []
    # The home was looked into: what may be there is found by the same search.
    assert PlantedData(["Thing 12"]).texts_below(settings.home) == {"Thing 12"}


@pytest.mark.slow
def test_no_text_reaches_any_file_or_output_of_a_whole_run(orders, search, tmp_path):
    """All models, the online store, a night; also what is said on the way, and of bad data."""
    home, work = tmp_path / "home", tmp_path / "said"
    give_consents(home)
    work.mkdir()
    own = ("--orders", str(orders), "--json")
    runs = {
        "run-all": ("run-all", *own),
        "materialize": ("materialize", *own),
        "nightly": ("nightly", "--offline", *own, "--now", "2024-09-10T02:00:00Z"),
        "bad": ("run-all", "--orders", str(broken(orders, tmp_path)), "--json"),
    }
    codes = {}
    for name, command in runs.items():
        done = run_training(home, *command, SIGNALBOX_PROGRESS="true")
        codes[name] = done.returncode
        (work / f"{name}.out").write_text(done.stdout)
        (work / f"{name}.err").write_text(done.stderr)
    assert codes == {"run-all": 0, "materialize": 0, "nightly": 0, "bad": 2}
    assert search.found_below(home) == []
    assert search.found_below(work) == []
    assert len(json.loads((work / "run-all.out").read_text())["versions"]) == 3
    kinds = {path.suffix for path in home.rglob("*") if path.is_file()}
    assert {".parquet", ".db", ".onnx", ".mdb", ".json"} <= kinds


def broken(orders, folder):
    """The same file with a price that is none, in a line full of texts."""
    text = orders.read_text("utf-8").splitlines(keepends=True)
    path = folder / "broken.csv"
    line = text[40].split(",")
    line[HEADER.index("Lineitem price")] = "a lot"
    path.write_text("".join([*text[:40], ",".join(line), *text[41:]]), "utf-8")
    return path
