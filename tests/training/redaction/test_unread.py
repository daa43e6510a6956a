"""A file nobody can read keeps nothing else from being erased, and the request stays open."""

import duckdb
import pytest

from bentos import redaction_files
from bentos.contract.errors import ContractError
from bentos.contract.online_store import CURRENT_FILE
from tests.training.redaction.lived_in import (
    FIRST_ORDER,
    OTHERS_ORDER,
    SUBJECT,
    SUBJECT_MAIL,
)
from training.nightly import record as records
from training.nightly.redact_step import redact
from training.redaction import erasing, honouring, unread
from training.redaction.scope import lines_files
from training.redaction.waiting import waiting


class Night:
    def __init__(self, settings):
        self.settings = settings


def truncated(path):
    """What it was; a file cut off in the middle has no footer."""
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return whole


def lines_of(home, name):
    """The file of order lines that tells of a customer."""
    for path in lines_files(home.lake):
        query = f"SELECT count(*) FROM '{path}' WHERE customer_id = ?"
        if duckdb.execute(query, [home.pseudonym(name)]).fetchall()[0][0]:
            return path
    raise AssertionError(name)


def shown(home, path):
    return path.relative_to(home.settings.home).as_posix()


def test_a_truncated_file_of_lines_is_named_and_all_else_is_erased(home):
    path = lines_of(home, SUBJECT_MAIL)
    whole = truncated(path)
    home.request()
    home.request(id="other", subjects=["A" * 26], order_numbers=[])
    found = honouring.honour(home.settings)
    assert (found.made, waiting(home.settings)) == ((), ["other", "r-17"])
    assert shown(home, path) in found.problems["r-17"]
    why = redaction_files.hindrance_of(home.settings.home, "r-17").why
    assert why == found.problems["r-17"]
    assert home.found(SUBJECT) == {"lake/redactions/.r-17.work"}
    # What is known only by that file waits for it.
    assert {"/".join(p.split("/")[:2]) for p in home.found(SUBJECT_MAIL)} == {"lake/redactions"}
    with pytest.raises(ContractError, match=f"could not go through {shown(home, path)}"):
        redact(Night(home.settings))
    path.write_bytes(whole)
    assert len(honouring.honour(home.settings).made) == 2
    assert waiting(home.settings) == []
    assert redaction_files.hindrance_of(home.settings.home, "r-17") is None
    assert home.found(SUBJECT, SUBJECT_MAIL, texts=[str(FIRST_ORDER)]) == set()
    assert len(redaction_files.record_of(home.lake, "r-17").versions) == 3


def test_lines_that_are_removed_take_datasets_that_name_nobody_along(home):
    path = lines_of(home, SUBJECT_MAIL)
    truncated(path)
    request = home.request()
    before = home.snapshots()
    with pytest.raises(erasing.NotErased, match="could not go through"):
        erasing.erase(home.settings, request)
    path.unlink()
    record = erasing.erase(home.settings, request)
    assert home.snapshots() == set()
    (step,) = records.newest(home.lake).steps
    assert step.findings[0].rows == ()
    assert str(OTHERS_ORDER) not in step.error
    assert before <= set(record.snapshots)
    assert len(record.versions) == 3


@pytest.mark.parametrize(
    "damaged",
    [
        *("lake/shop/current.json", "lake/snapshots/*/*.parquet"),
        "features/generations/*/data.mdb",
        pytest.param("lake/shop/orders/*.parquet", marks=pytest.mark.slow),
        pytest.param("lake/features/customer_orders/*/*/values.parquet", marks=pytest.mark.slow),
        pytest.param("lake/versions/*/manifest.json", marks=pytest.mark.slow),
        pytest.param("consents/consents.json", marks=pytest.mark.slow),
    ],
)
def test_any_other_file_is_named_likewise_and_waited_for(home, damaged):
    path = next(iter(sorted(home.settings.home.glob(damaged))))
    whole = truncated(path)
    home.request()
    (problem,) = honouring.honour(home.settings).problems.values()
    assert shown(home, path).split("/")[-2] in problem
    left = home.found(SUBJECT, SUBJECT_MAIL) - {"lake/redactions/.r-17.work"}
    assert all(place.split("/")[:2] == damaged.split("/")[:2] for place in left)
    path.write_bytes(whole)
    assert len(honouring.honour(home.settings).made) == 1
    assert home.found(SUBJECT, SUBJECT_MAIL, texts=[str(FIRST_ORDER)]) == set()


def test_a_store_that_does_not_answer_keeps_nobody_anywhere_else(home):
    away = home.settings.model_copy(update={"online_store_url": "redis://127.0.0.1:1/0"})
    home.request()
    (problem,) = honouring.honour(away).problems.values()
    assert "online store in Redis (StoreError" in problem
    assert home.found(SUBJECT, SUBJECT_MAIL) == {"lake/redactions/.r-17.work"}
    assert len(honouring.honour(home.settings).made) == 1


def test_a_whole_shop_goes_whatever_of_it_can_be_read(home):
    for pattern in ("lake/orders/*/*.parquet", "features/generations/*/data.mdb"):
        for path in home.settings.home.glob(pattern):
            truncated(path)
    for path in home.lake.glob("features/*/*/*/partition.json"):
        truncated(path)
    home.request(kind="shop", subjects=[], order_numbers=[])
    assert len(honouring.honour(home.settings).made) == 1
    assert not (home.settings.features / CURRENT_FILE).exists()


def test_looking_says_what_could_not_be_read(home):
    path = lines_of(home, SUBJECT_MAIL)
    truncated(path)
    home.request()
    (work,) = honouring.foresee(home.settings).made
    assert [*work.unread] == [shown(home, path)]
    assert redaction_files.hindrance_of(home.settings.home, "r-17") is None


def test_many_are_told_in_few_words():
    text = unread.told({f"lake/orders/{n}/lines.parquet": "cut off" for n in range(9)})
    assert "lake/orders/2/lines.parquet (cut off) and 6 more" in text
    assert "lake/orders/3" not in text
