"""Consents asked of a running control plane; closed where it cannot be asked."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from bentos.contract.training_consent import ExclusionKind
from tests.control_plane import conftest as control_plane
from tests.training.consents import give_consents, plan
from tests.training.made_up_shop import run_training
from training import consent, consent_desk, consent_file, consent_seal, consent_source
from training.consent_file import OwnExclusion
from training.errors import ConsentError
from training.pseudonyms import load_key
from training.register import RegisterError
from training.settings import Settings

pytestmark = pytest.mark.acceptance
databases, make_plane = control_plane.databases, control_plane.make_plane
postgresql_databases, postgresql = control_plane.postgresql_databases, control_plane.postgresql
plane = control_plane.plane
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def settings(plane, tmp_path, request):
    """A trainer's machine, of a shop of its own: the trainer's key and the pseudonym key."""
    home = tmp_path / "trainer"
    (home / "keys").mkdir(parents=True)
    for name in ("trainer.key", "pseudonym.key"):
        shutil.copy(plane.home / "keys" / name, home / "keys" / name)
    return Settings(home=home, shop=request.node.name[:100], control_plane_url=plane.url)


def give(plane, settings, purpose, **changes):
    body = msgspec.to_builtins(plan(purpose, settings.shop, **changes))
    body = {name: body[name] for name in body if name not in ("id", "withdrawn_at")}
    answer = plane.admin.post("/api/v1/consents", json=body)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def without(settings):
    return settings.model_copy(update={"control_plane_url": NOWHERE})


def test_what_is_in_force_at_this_moment_decides(plane, settings):
    with pytest.raises(ConsentError, match="signalbox consents give --purpose fraud"):
        consent.admit_own(settings, None, ("fraud",))
    given = give(plane, settings, "fraud")
    admitted = consent.admit_own(settings, None, ("fraud",))
    assert admitted.consents["fraud"].id == given["id"]
    assert plane.url in admitted.asked_of
    with pytest.raises(ConsentError, match="train pricing"):
        consent.admit_own(settings, None, ("fraud", "pricing"))
    url = f"/api/v1/consents/{given['id']}/withdraw"
    assert plane.admin.post(url, json={"reason": "letter"}).status_code == 200
    with pytest.raises(ConsentError, match="train fraud"):
        consent.admit_own(settings, None, ("fraud",))


def test_a_file_beside_a_control_plane_counts_for_nothing(settings):
    give_consents(settings.home, shop=settings.shop)
    with pytest.raises(ConsentError, match="none in force, says the control plane"):
        consent.admit_own(settings, "contract: ours", ("fraud",))


def test_all_pages_of_who_is_left_out_are_read(plane, settings, monkeypatch):
    give(plane, settings, "fraud")
    body = {"reason": "opt-out", "shop": settings.shop}
    for kind, ids in (("data_sale", range(5)), ("excluded", (7,)), ("automated_decision", (9,))):
        named = {"kind": kind, "customers": [str(n) for n in ids]}
        assert plane.admin.post("/api/v1/exclusions", json=body | named).status_code == 201
    monkeypatch.setattr(consent_desk, "PAGE", 2)
    key = load_key(settings.keys / "pseudonym.key")
    name = key.namer(settings.shop, "customer")
    admitted = consent.admit_own(settings, None)
    assert admitted.left_out == {name(str(n)) for n in (0, 1, 2, 3, 4, 7)}
    admitted.check_key(key.key_id)
    with pytest.raises(ConsentError, match=r"pseudonym\.key"):
        admitted.check_key("00000000")


def test_out_of_reach_its_last_answer_counts_for_a_while_and_no_longer(plane, settings):
    with pytest.raises(ConsentError, match="an answer of the control plane"):
        consent.admit_own(without(settings), None)
    give(plane, settings, "fraud")
    before = consent.admit_own(settings, None)
    copied = consent.admit_own(without(settings), None)
    assert copied.digest() == before.digest()
    assert copied.asked_of.startswith("a copy of")
    grow_old(settings, timedelta(seconds=settings.consent_copy_max_age_s + 5))
    with pytest.raises(ConsentError, match="s old, good for 3600 s"):
        consent.admit_own(without(settings), None)
    grow_old(settings, timedelta(days=-2))
    with pytest.raises(ConsentError, match="s old, good for 3600 s"):
        consent.admit_own(without(settings), None)


def grow_old(settings, by):
    kept = consent_seal.read(settings, consent_source.COPY)
    at = (datetime.now(UTC) - by).isoformat()
    consent_seal.write(settings, consent_source.COPY, kept | {"asked_at": at})


def test_a_copy_of_another_shop_or_edited_by_hand_counts_for_nothing(plane, settings):
    give(plane, settings, "fraud")
    consent.admit_own(settings, None)
    elsewhere = without(settings).model_copy(update={"shop": "another"})
    with pytest.raises(ConsentError, match="an answer of the control plane"):
        consent.admit_own(elsewhere, None)
    path = consent_seal.folder(settings) / consent_source.COPY
    sealed = json.loads(path.read_text())
    sealed["record"]["asked_at"] = datetime.now(UTC).isoformat()
    path.write_text(json.dumps(sealed))
    with pytest.raises(ConsentError, match="did not seal so"):
        consent.admit_own(without(settings), None)


def test_a_refused_key_is_no_answer_and_no_copy_stands_in(plane, settings):
    give(plane, settings, "fraud")
    consent.admit_own(settings, None)
    (settings.keys / "trainer.key").write_text("sbx_000000000000_" + "x" * 43)
    with pytest.raises(ConsentError, match="trainer's key"):
        consent.admit_own(settings, None)


def test_consents_of_a_machine_of_its_own_are_taken_along_under_their_ids(plane, settings):
    (given,) = give_consents(settings.home, "fraud", shop=settings.shop)
    out = OwnExclusion(
        shop=settings.shop, subject="A" * 26, kind=ExclusionKind.DATA_SALE, key_id="1a2b3c4d"
    )
    consent_file.exclude(settings, (out,))
    command = ("consent", "register", "--control-plane", plane.url, "--key-file")
    variables = {"SIGNALBOX_SHOP": settings.shop}
    refused = run_training(settings.home, *command, str(settings.keys / "trainer.key"), **variables)
    assert (refused.returncode, "403" in refused.stderr) == (1, True)
    key = str(plane.home / "keys" / "admin.key")
    for _ in range(2):
        done = run_training(settings.home, *command, key, **variables)
        assert done.returncode == 0, done.stderr
    admitted = consent.admit_own(settings, None, ("fraud",))
    assert admitted.consents["fraud"] == given.ref()
    assert admitted.left_out == {"A" * 26}
    plane.admin.post(f"/api/v1/consents/{given.id}/withdraw", json={"reason": "letter"})
    with pytest.raises(RegisterError, match="recorded already"):
        consent_desk.tell_control_plane(
            plane.url, (plane.home / "keys" / "admin.key").read_text().strip(), (given,), ()
        )
