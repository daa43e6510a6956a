"""A night ends with feature views: in the lake, and from there online."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.training.consents import give_consents
from tests.training.nightly.made_up import fresh_record
from tests.training.nightly.made_up import night as made_up_night
from training.features import offline
from training.features.registry import VIEWS
from training.lines import OrderSource, prepare_lines
from training.nightly import view_steps
from training.nightly.outputs import Checked
from training.nightly.settings import NightlySettings
from training.settings import Settings

NOW = datetime(2024, 9, 9, 2, 30, tzinfo=UTC)


def filled(home, orders, *, resumed_after=timedelta(0)):
    """The steps of a night that began then, on lines that passed its checks."""
    night = made_up_night(home, msgspec.structs.replace(fresh_record(), started_at=NOW))
    give_consents(home)
    night.now = NOW + resumed_after
    night.source = OrderSource(orders=orders, consent_basis="contract: test")
    lines = prepare_lines(night.settings, night.source)
    checked = Checked(lines=lines, lines_digest="0" * 64, checks=(), first="", last="")
    views = view_steps.compute(night, checked)
    return night, views, view_steps.publish(night, checked, views)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of BentoML, when it is loaded
def test_they_come_last_so_that_a_store_that_is_away_costs_no_version(tmp_path):
    from training.nightly.plan import plan  # noqa: PLC0415

    steps = plan(Settings(home=tmp_path), NightlySettings(), ("fraud",), desk=True)
    assert [step.name for step in steps][-3:] == ["aliases fraud", "views", "online"]


def test_lake_and_store_hold_the_same_views_by_definition(tmp_path, orders_export):
    night, views, online = filled(tmp_path, orders_export)
    assert views.definitions == {view.tag: view.digest for view in VIEWS}
    moment = datetime.fromisoformat(views.moment)
    assert moment <= NOW.replace(tzinfo=None)
    for view in VIEWS:
        path = offline.read(night.settings.offline_features, view, moment)
        assert online.records[view.tag] == sum(1 for _ in offline.entries(path)) > 0
    pointer = night.settings.features / "current"
    assert pointer.read_text().strip() == online.generation


def test_a_night_that_goes_on_after_a_kill_gives_what_it_would_have_given(tmp_path, orders_export):
    _, first, before = filled(tmp_path, orders_export)
    _, second, after = filled(tmp_path, orders_export, resumed_after=timedelta(hours=9))
    assert first == second
    assert before.digest == after.digest
    assert before.generation != after.generation
