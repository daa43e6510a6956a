"""A small made-up shop, and one real training run on it that many tests look at."""

from pathlib import Path

import pytest

from tests.training.made_up_shop import Trained, made_up_orders, write_orders_export


@pytest.fixture(scope="session")
def orders_export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_orders_export(
        tmp_path_factory.mktemp("orders") / "orders_export_1.csv", made_up_orders()
    )


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, orders_export: Path) -> Trained:
    return Trained(tmp_path_factory.mktemp("home"), orders_export)
