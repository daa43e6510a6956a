"""Consent files are this installation's own, unchanged."""

import json
import stat

import pytest

from bentos.contract.errors import ContractError
from tests.training.consents import give_consents
from training import consent_file, consent_seal
from training.settings import Settings


@pytest.fixture
def settings(tmp_path):
    settings = Settings(home=tmp_path / "home")
    give_consents(settings.home, "fraud")
    return settings


def test_what_was_sealed_is_read_again_and_is_for_its_owner(settings):
    (given,) = consent_file.load(settings).live("demo-shop")
    assert given.purpose == "fraud"
    for path in (consent_file.path(settings), settings.keys / "consent.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "change",
    [
        lambda sealed: sealed["record"]["consents"][0].update(purpose="pricing"),
        lambda sealed: sealed["record"]["consents"][0].update(shop="another"),
        lambda sealed: sealed.update(seal="0" * 64),
        lambda sealed: sealed.pop("seal"),
        lambda sealed: sealed.update(record=[]),
    ],
)
def test_a_file_edited_by_hand_is_refused(settings, change):
    path = consent_file.path(settings)
    sealed = json.loads(path.read_text())
    change(sealed)
    path.write_text(json.dumps(sealed))
    with pytest.raises(ContractError, match="this installation sealed"):
        consent_file.load(settings)


def test_a_file_of_another_installation_or_name_is_refused(settings, tmp_path):
    other = Settings(home=tmp_path / "other")
    give_consents(other.home, "pricing")
    consent_file.path(settings).write_bytes(consent_file.path(other).read_bytes())
    with pytest.raises(ContractError, match="broken seal"):
        consent_file.load(settings)
    consent_seal.write(settings, "one.json", {"a": 1})
    renamed = consent_seal.folder(settings) / "two.json"
    renamed.write_bytes((consent_seal.folder(settings) / "one.json").read_bytes())
    with pytest.raises(ContractError, match="broken seal"):
        consent_seal.read(settings, "two.json")
