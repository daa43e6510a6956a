"""A version whose consent was withdrawn is led to by nothing, and named where it serves."""

import msgspec
import pytest

from bentos.contract.manifest import Manifest
from control_plane.consents import service as consents
from control_plane.consents.withdrawn import serving_withdrawn
from control_plane.errors import PolicyError
from control_plane.principal import system
from control_plane.registry.service import register_version
from control_plane.releases.presentation import Published
from tests.control_plane.releases import conftest
from tests.control_plane.releases.conftest import tag

prepared, new_desk, desk = conftest.prepared, conftest.new_desk, conftest.desk
CONSENT = "0f0e1e6a-3a53-4b7e-9d2f-0b7f2f3d9c11"
WORDS = {"text_version": "1", "text_digest": "a" * 64}
WITHDRAWN = f"{tag(9)} was trained under consent {CONSENT}, which was withdrawn"


def give(desk, consent=None, text="1"):
    grant = consents.Grant(
        shop="demo-shop",
        purpose="fraud",
        use="train",
        given_by="M. Moreau",
        document="agreement",
        id=consent,
        **WORDS | {"text_version": text},
    )
    row, _ = desk.write(consents.give, desk.person("fay"), grant)
    return row.id


def withdraw(desk, consent):
    desk.write(consents.withdraw, desk.person("fay"), consent, "letter of today")


@pytest.fixture
def trained(desk, manifest):
    """Version 9 was trained under the consent in force; version 1, stable, under none."""
    named = {"id": CONSENT, "purpose": "fraud", "use": "train", **WORDS}
    named["given_at"] = "2026-11-20T09:00:00Z"
    give(desk, CONSENT)
    body = msgspec.convert(manifest("fraud", 9) | {"consent": named}, Manifest)
    desk.write(register_version, system("test"), body)
    return desk


def warnings(desk, release):
    with desk.database.read() as session:
        published = Published(session)
        model = next(each for each in published.models() if each["model"] == "fraud")
        return published.release(desk.release(release.id))["warnings"], model["warnings"]


def serving(desk):
    return desk.read(serving_withdrawn)


def refused(desk, release, verb):
    with pytest.raises(PolicyError, match=WITHDRAWN):
        desk.tell("ada", release, verb)


def test_a_canary_goes_no_further_and_back_it_goes(trained):
    release = trained.started(9, steps=[0.1, 0.5])
    withdraw(trained, CONSENT)
    for verb in ("ramp", "promote"):
        refused(trained, release, verb)
    assert warnings(trained, release)[0][0].startswith(WITHDRAWN)
    trained.tell("ada", release, "pause")
    refused(trained, release, "resume")
    trained.tell("ada", release, "rollback")


def test_neither_a_draft_nor_a_start(trained):
    approved = trained.approved(9, shadow=False)
    withdraw(trained, CONSENT)
    refused(trained, approved, "start")
    trained.tell("ada", approved, "abort")
    with pytest.raises(PolicyError, match=WITHDRAWN):
        trained.draft(9)
    trained.draft(2)


def test_what_serves_goes_on_and_is_named(trained):
    release = trained.started(9)
    trained.tell("ada", release, "promote")
    assert (warnings(trained, release), serving(trained)) == (([], []), [])
    withdraw(trained, CONSENT)
    of_release, of_model = warnings(trained, release)
    assert of_release == of_model
    assert of_model[0].startswith(WITHDRAWN)
    assert "letter of today" in of_model[0]
    assert serving(trained) == [tag(9)]


def test_a_text_that_took_its_place_keeps_it_until_that_is_withdrawn(trained):
    later = give(trained, text="2")
    release = trained.started(9)
    withdraw(trained, later)
    refused(trained, release, "promote")
    # A consent given afterwards is another one: it was not asked for what is trained already.
    give(trained, text="3")
    refused(trained, release, "promote")
