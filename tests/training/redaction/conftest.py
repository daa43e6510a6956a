"""Homes full of a shopper: one is planted, each test has a copy to erase from."""

import copy
import shutil

import pytest

from tests.training.redaction.lived_in import LivedIn


@pytest.fixture(scope="session")
def planted(tmp_path_factory):
    place = tmp_path_factory.mktemp("planted")
    home = LivedIn(place / "home")
    home.plant(place / "orders_export_1.csv")
    return home


@pytest.fixture
def home(planted, tmp_path):
    # At the very place it names in its records: they hold whole paths.
    shutil.copytree(planted.settings.home, tmp_path / "home")
    return LivedIn(tmp_path / "home", copy.deepcopy(planted.shop))
