"""Versions that learned from somebody are named, and made again they name the redaction."""

import json
import shutil

import pytest

from bentos import redaction_files
from tests.training.made_up_shop import run_training
from tests.training.redaction.lived_in import SUBJECT_MAIL, LivedIn


@pytest.fixture
def home(trained, tmp_path):
    """A copy of a home in which every model was really trained."""
    for name in ("keys", "consents", "lake", "bentoml", "mlflow"):
        shutil.copytree(trained.home / name, tmp_path / name, symlinks=True)
    return LivedIn(tmp_path)


def test_every_version_is_named_and_no_graph_bento_or_run_holds_them(trained, home):
    before = home.found(SUBJECT_MAIL)
    assert {place.split("/")[1] for place in before} == {"orders"}
    home.request(subjects=[home.pseudonym(SUBJECT_MAIL)], order_numbers=[])
    done = run_training(home.settings.home, "redact", "--json")
    assert done.returncode == 0, done.stderr
    (record,) = json.loads(done.stdout)["redactions"]
    versions = {each["version"] for each in trained.report["versions"]}
    assert {each["version"] for each in record["versions"]} == versions
    assert home.found(SUBJECT_MAIL) == set()
    for model in ("fraud", "pricing"):
        version = max(name for name in versions if name.startswith(model))
        again = run_training(home.settings.home, "reproduce", version, "--json")
        assert again.returncode == 6, again.stderr
        (said,) = json.loads(again.stdout)["redactions"]
        assert said == f"r-17 of {record['at']}: customers/redact"


def test_versions_made_before_the_first_purchase_learned_nothing_from_them(home):
    home.request(subjects=["A" * 26], order_numbers=["450789469"])
    assert run_training(home.settings.home, "redact").returncode == 0
    record = redaction_files.record_of(home.lake, "r-17")
    assert (record.versions, record.snapshots, record.removed) == ((), {}, {})
