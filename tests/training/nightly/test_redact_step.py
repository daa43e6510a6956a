"""A night begins with whoever asked to be erased, and goes no further where that fails."""

import pytest

from bentos import redaction_files
from bentos.contract.errors import ContractError
from tests.training.nightly.made_up import night
from tests.training.redaction.lived_in import LivedIn
from training.nightly.errors import PassingError
from training.nightly.redact_step import redact
from training.redaction import lock


@pytest.fixture
def home(tmp_path):
    return LivedIn(tmp_path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_it_is_the_first_step_and_every_other_hangs_on_it(home):
    from training.nightly.plan import plan  # noqa: PLC0415 - BentoML warns as it is imported
    from training.nightly.settings import NightlySettings  # noqa: PLC0415

    first, second, *_ = plan(home.settings, NightlySettings(), ("fraud",), desk=False)
    assert (first.name, second.name, second.needs) == ("redact", "sync", ("redact",))


def test_what_is_asked_for_is_honoured_and_changes_what_follows(home, tmp_path):
    before = redact(night(tmp_path))
    home.request()
    after = redact(night(tmp_path))
    assert (before.honoured, after.honoured) == ((), ("r-17",))
    assert before.digest != after.digest == redact(night(tmp_path)).digest
    assert redaction_files.record_of(home.lake, "r-17") is not None


def test_a_request_that_cannot_be_honoured_ends_the_night(home, tmp_path):
    home.request(shop="another", kind="shop")
    with pytest.raises(ContractError, match="another"):
        redact(night(tmp_path))


def test_a_run_under_way_is_waited_for(home, tmp_path):
    home.request()
    with lock.using(home.lake), pytest.raises(PassingError, match="under way"):
        redact(night(tmp_path))
