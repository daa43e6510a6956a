"""The gate: without the merchant's recorded consent nothing of theirs is read."""

import json

import duckdb
import msgspec
import pytest

from bentos.contract.training_consent import ExclusionKind, Purpose
from tests.training.consents import give_consents, plan
from tests.training.made_up_shop import run_training
from training import consent, consent_file, mapping
from training.consent_file import OwnExclusion
from training.errors import ConsentError
from training.lines import OrderSource, prepare_lines
from training.pseudonyms import load_key
from training.recipes import Request
from training.redaction import lock
from training.run import make_snapshot
from training.settings import Settings

SHOPPER = "shopper3@example.com"


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", shop="my-shop")


def give(settings, *purposes):
    return give_consents(settings.home, *purposes, shop=settings.shop)


def leave_out(settings, raw, kind=ExclusionKind.EXCLUDED):
    key = load_key(settings.keys / "pseudonym.key")
    subject = key.pseudonym(settings.shop, "customer", raw)
    out = OwnExclusion(shop=settings.shop, subject=subject, kind=kind, key_id=key.key_id)
    consent_file.exclude(settings, (out,))
    return subject


def test_words_alone_are_no_consent(settings, orders_export):
    source = OrderSource(orders=orders_export, consent_basis="contract: we said so")
    with pytest.raises(ConsentError, match="consent to train fraud") as caught:
        prepare_lines(settings, source, ("fraud",))
    assert "python -m training consent give --purpose fraud" in str(caught.value)
    assert not settings.home.exists()


def test_a_consent_is_for_its_purpose_alone(settings, orders_export):
    give(settings, "pricing")
    source = OrderSource(orders=orders_export)
    with pytest.raises(ConsentError, match="train fraud"):
        prepare_lines(settings, source, ("pricing", "fraud"))
    assert not settings.lake.exists()
    lines = prepare_lines(settings, source, ("pricing",))
    assert lines.consents.keys() == {"pricing"}
    # Whoever prepared lines for one model makes nothing else of them.
    with pytest.raises(ConsentError, match="train fraud"):
        make_snapshot(settings, lines, Request(model="fraud", seed=1))
    assert not (settings.lake / "snapshots").exists()


def test_a_mapping_of_ones_own_declares_nothing(settings, orders_export, tmp_path):
    text = mapping.resources.files(mapping.PACKAGE).joinpath("shopify_orders_export.toml")
    own = tmp_path / "own.toml"
    own.write_text('consent_basis = "public-data: trust me"\n' + text.read_text("utf-8"))
    assert mapping.load(str(own)).consent_basis == "public-data: trust me"
    with pytest.raises(ConsentError):
        prepare_lines(settings, OrderSource(orders=orders_export, mapping=str(own)))
    copied = tmp_path / "copied.toml"
    copied.write_text(own.read_text().replace("shopify_orders_export", "online_retail"))
    assert not consent.is_included(mapping.load(str(copied)))


def test_a_public_set_needs_none_and_names_what_it_declares(settings):
    for name in ("complete_journey", "online_retail", "ta_feng"):
        admitted = consent.admit(settings, mapping.load(name), None, ("fraud",))
        assert (admitted.own_data, admitted.consents) == (False, {})
        assert admitted.basis == mapping.load(name).consent_basis
    assert not settings.home.exists()


def test_the_manifest_names_the_consent_of_its_model(trained):
    given = {each.purpose.value: each for each in trained.consents}
    for position, model in enumerate(("fraud", "fraud", "recommendations", "pricing")):
        manifest = trained.manifest(position)
        assert manifest["consent"] == msgspec.to_builtins(given[model].ref())
        others = [each.id for purpose, each in given.items() if purpose != model]
        assert given[model].id in manifest["consent_basis"]
        assert not any(each in manifest["consent_basis"] for each in others)


def test_who_is_left_out_is_in_no_line_and_is_counted(settings, orders_export):
    give(settings)
    source = OrderSource(orders=orders_export)
    before = prepare_lines(settings, source)
    key = load_key(settings.keys / "pseudonym.key")
    subject = key.pseudonym(settings.shop, "customer", SHOPPER)
    of_subject = f"FROM '{{}}' WHERE customer_id = '{subject}'"
    had = duckdb.sql("SELECT count(*) " + of_subject.format(before.path)).fetchall()[0][0]
    assert had > 10
    assert leave_out(settings, SHOPPER) == subject
    after = prepare_lines(settings, source)
    assert duckdb.sql("SELECT count(*) " + of_subject.format(after.path)).fetchall()[0][0] == 0
    assert (after.left_out.customers, after.left_out.lines) == (1, had)
    assert after.report["lines"] == before.report["lines"] - had
    assert after.report["customers"] == before.report["customers"] - 1
    decided = ExclusionKind.AUTOMATED_DECISION
    leave_out(settings, "shopper4@example.com", decided)
    assert prepare_lines(settings, source) == after


def test_customers_left_out_by_another_key_stop_the_run(settings, orders_export, tmp_path):
    give(settings)
    leave_out(settings, SHOPPER)
    other = tmp_path / "other.key"
    other.write_text("ab" * 32)
    source = OrderSource(orders=orders_export, pseudonym_key_file=other)
    with pytest.raises(ConsentError, match=r"keys/pseudonym\.key"):
        prepare_lines(settings, source)
    assert not settings.lake.exists()


def test_what_was_withdrawn_is_no_consent_and_is_not_given_twice(settings, orders_export):
    (given,) = give(settings, "fraud")
    assert give(settings, "fraud") == [given]
    prepare_lines(settings, OrderSource(orders=orders_export), ("fraud",))
    consent_file.withdraw(settings, given.id)
    with pytest.raises(ConsentError, match="train fraud"):
        prepare_lines(settings, OrderSource(orders=orders_export), ("fraud",))
    with pytest.raises(ConsentError, match="withdrawn"):
        give(settings, "fraud")
    later = plan(Purpose.FRAUD, settings.shop, given_at="2026-11-21T09:00:00Z")
    assert consent_file.give(settings, later).id != given.id


@pytest.mark.slow
def test_the_commands_give_withdraw_and_leave_out(tmp_path, orders_export):
    home, text, ids = tmp_path / "home", tmp_path / "text.txt", tmp_path / "ids.txt"
    text.write_text("We allow it.")
    ids.write_text(f"{SHOPPER.upper()}\n\n")
    run = ("run", "--model", "fraud", "--orders", str(orders_export), "--consent-basis", "x")
    refused = run_training(home, *run)
    # Nothing but the lock that keeps a redaction out meanwhile, and nothing in it.
    assert (refused.returncode, list(home.iterdir())) == (2, [home / lock.FILE])
    assert (home / lock.FILE).read_bytes() == b""
    assert "consent to train fraud" in refused.stderr
    told = ("--text-version", "1", "--given-by", "M. Moreau", "--document", "letter")
    given = run_training(home, *("consent", "give", "--purpose", "fraud"), *told, "--text", text)
    assert given.returncode == 0, given.stderr
    out = ("consent", "exclude", "--kind", "data_sale", "--customers-file", str(ids))
    assert json.loads(run_training(home, *out).stdout) == {"left out": 1, "new": 1}
    done = run_training(home, "step", "consent", *run[1:])
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    (record,) = json.loads(given.stdout)
    assert said["consents"]["fraud"]["id"] == record["id"]
    assert said["left_out"]["customers"] == 1
    assert run_training(home, "consent", "withdraw", record["id"]).returncode == 0
    assert run_training(home, *run).returncode == 2
    kept = b"".join(p.read_bytes() for p in home.rglob("*") if p.is_file()).lower()
    assert SHOPPER.encode() not in kept
