"""A made-up shop's orders, a training run on them, and the real sets where they are."""

import csv
import json
import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.training.consents import give_consents

ROOT = Path(__file__).resolve().parents[2]
SHARED_DATA = ROOT.parent / "shared" / "data"
HEADER = [
    "Name",
    "Email",
    "Financial Status",
    "Created at",
    "Currency",
    "Discount Amount",
    "Lineitem quantity",
    "Lineitem name",
    "Lineitem price",
    "Lineitem compare at price",
    "Lineitem sku",
    "Billing Name",
    "Billing Phone",
]


def write_orders_export(path: Path, rows: list[dict[str, str]]) -> Path:
    """Write rows as Shopify's orders export."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HEADER, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def made_up_orders(seed: int = 5, weeks: int = 36, shoppers: int = 90) -> list[dict[str, str]]:
    """Shoppers with favourites, products with weekly prices people react to."""
    chance = random.Random(seed)
    products = [(f"SKU-{n:03d}", f"Thing {n}", 3 + 2.5 * (n % 17)) for n in range(40)]
    begin = datetime(2024, 1, 1, 6, tzinfo=UTC)
    favourites = [chance.sample(range(40), 6) for _ in range(shoppers)]
    rows: list[dict[str, str]] = []
    number = 1000
    for week in range(weeks):
        ratios = [chance.choice([1.0, 1.0, 0.9, 0.75]) for _ in products]
        for shopper in range(shoppers):
            if chance.random() > 0.6:
                continue
            number += 1
            moment = begin + timedelta(weeks=week, minutes=chance.randrange(6 * 24 * 60))
            chosen = [p for p in favourites[shopper] if chance.random() < 0.9 - 0.5 * ratios[p]]
            chosen = chosen or [chance.choice(favourites[shopper])]
            for line, product in enumerate(chosen):
                sku, name, price = products[product]
                units = 1 + (chance.random() < 1.6 - 1.4 * ratios[product])
                row = {
                    "Name": f"#{number}",
                    "Lineitem quantity": str(units),
                    "Lineitem name": name,
                    "Lineitem price": f"{price * ratios[product]:.2f}",
                    "Lineitem compare at price": f"{price:.2f}",
                    "Lineitem sku": sku,
                }
                if line == 0:
                    row |= {
                        "Email": f"shopper{shopper}@example.com",
                        "Financial Status": "paid",
                        "Created at": moment.strftime("%Y-%m-%d %H:%M:%S +0000"),
                        "Currency": "EUR",
                        "Discount Amount": "0.00",
                        "Billing Name": f"Shopper Number {shopper}",
                        "Billing Phone": "+49 30 1234567",
                    }
                rows.append(row)
    return rows


def run_training(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """``python -m training`` in its own process, with its own home."""
    environment = {**os.environ, "SIGNALBOX_HOME": str(home), **variables}
    environment.pop("BENTOML_HOME", None)
    return subprocess.run(
        (sys.executable, "-m", "training", *arguments),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


class Trained:
    """A home in which every model was trained, fraud twice."""

    def __init__(self, home: Path, orders: Path) -> None:
        self.home, self.orders = home, orders
        self.consents = give_consents(home)
        self.arguments = (
            *("run-all", "--json", "--orders", str(orders), "--consent-basis", "contract: test"),
            *("--version", "fraud@-40d", "--version", "fraud"),
            *("--version", "recommendations", "--version", "pricing"),
        )
        self.report = self.run()

    def run(self) -> dict[str, Any]:
        done = run_training(self.home, *self.arguments)
        assert done.returncode == 0, done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def manifest(self, position: int) -> dict[str, Any]:
        path = Path(self.report["versions"][position]["manifest_path"])
        manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return manifest


def shared(name: str) -> Path:
    """A real data set, or skip."""
    path = SHARED_DATA / name
    if not path.is_file():
        pytest.skip(f"{name} is not in ../shared/data on this machine")
    return path
