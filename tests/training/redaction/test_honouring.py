"""Every request that lies there is honoured, and one that cannot be keeps no other from it."""

import pytest

from bentos import redaction_files
from bentos.contract.errors import ContractError
from tests.training.redaction.lived_in import LivedIn
from training.redaction import honouring
from training.redaction import work as works
from training.redaction.scope import Scope
from training.redaction.waiting import waiting
from training.redaction.work import Work


@pytest.fixture
def empty(tmp_path):
    return LivedIn(tmp_path)


def test_a_broken_request_and_another_shop_s_are_named_and_the_rest_is_done(empty):
    empty.request(id="good")
    empty.request(id="urgent", due_at="2026-11-21T00:00:00Z")
    empty.request(id="other-shop", shop="another", kind="shop")
    redaction_files.request_path(empty.settings.home, "broken").write_text("{")
    found = honouring.honour(empty.settings)
    assert [record.id for record in found.made] == ["urgent", "good"]
    assert sorted(found.problems) == ["broken", "other-shop"]
    assert waiting(empty.settings) == ["broken", "other-shop"]


def test_a_customer_of_the_merchant_s_other_shop_stops_no_night(empty):
    """They are looked for as everybody is: what this lake has of another shop goes too."""
    empty.request(id="second", shop="second-shop")
    found = honouring.honour(empty.settings)
    assert ([record.id for record in found.made], found.problems) == (["second"], {})
    assert waiting(empty.settings) == []


def test_one_alone_is_honoured_and_one_nobody_asked_for_is_refused(empty):
    empty.request(id="one")
    empty.request(id="two")
    assert [record.id for record in honouring.honour(empty.settings, "two").made] == ["two"]
    assert honouring.honour(empty.settings, "two").made == ()
    with pytest.raises(ContractError, match="--request"):
        honouring.honour(empty.settings, "three")
    assert waiting(empty.settings) == ["one"]


def test_looking_honours_nothing(empty):
    empty.request()
    assert [work.removed for work in honouring.foresee(empty.settings).made] == [{}]
    assert waiting(empty.settings) == ["r-17"]


def test_what_a_redaction_noted_goes_when_a_person_closed_it_half_way(empty):
    """Its note names whom it was about, and what they bought when."""
    for name in ("closed", "open"):
        works.save(empty.lake, Work(id=name, scope=Scope(subjects=("A" * 26,))))
    empty.request(id="open")
    honouring.foresee(empty.settings)
    assert works.path(empty.lake, "closed").exists()
    honouring.honour(empty.settings, "open")
    assert not list((empty.lake / "redactions").glob(".*"))
