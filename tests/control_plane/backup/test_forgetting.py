"""Who was erased after a backup is out of its file, and does not come back with it."""

import json
import os
import time
from contextlib import closing

import pytest
from sqlmodel import select

from bentos import redaction_files
from bentos.contract.errors import ContractError
from bentos.contract.identity import Pseudonymizer
from bentos.contract.redaction import (
    RedactionKind,
    RedactionRecord,
    RedactionRequest,
    order_digest,
    order_secret,
    subject_digest,
    until_us,
)
from control_plane import clock
from control_plane.backup.archive import ArchiveReader
from control_plane.backup.forgetting import BackupUnderWay, Erased, erased_by, forget_in
from control_plane.backup.restoring import restore
from control_plane.backup.taking import take
from control_plane.config import Settings
from control_plane.consents.models import ExclusionRow
from control_plane.db import Database
from control_plane.idempotency.models import AnswerRow
from control_plane.init import initialise
from control_plane.shopify.inbox import open_inbox
from tests.planted_data import PlantedData

ERASED, OTHER = "A" * 25 + "7", "B" * 25 + "7"
DIGESTS = frozenset({subject_digest(ERASED)})
WHO = Erased(DIGESTS)


def opt_out(subject):
    return ExclusionRow(
        shop="demo-shop",
        subject=subject,
        kind="excluded",
        reason="they asked",
        recorded_at=clock.now(),
        recorded_by="admin",
    )


def answer(subject):
    body = {"exclusions": [{"subject": subject, "shop": "demo-shop"}]}
    return AnswerRow(
        id=f"of {subject[0]}",
        fingerprint="f",
        endpoint="e",
        status=201,
        headers={},
        body=json.dumps(body),
        answered_at=clock.now(),
        expires_at="9999-12-31T00:00:00.000000Z",
    )


@pytest.fixture
def settings(tmp_path):
    made = Settings(home=tmp_path / "home")
    initialise(made, "admin")
    database = Database(made.database)
    with database.write() as session:
        for subject in (ERASED, OTHER):
            session.add(opt_out(subject))
            session.add(answer(subject))
    database.dispose()
    take(made, made.home / "backups" / "one.zip", with_keys=True)
    return made


def rows(settings):
    database = Database(settings.database)
    with database.read() as session:
        kept = {row.subject for row in session.exec(select(ExclusionRow))}
        answers = {row.id for row in session.exec(select(AnswerRow))}
    database.dispose()
    return kept, answers


def test_who_was_erased_is_found_in_no_backup_any_more(settings):
    folder = settings.home / "backups"
    search = PlantedData([ERASED, OTHER])
    before = ArchiveReader(folder / "one.zip").manifest
    assert search.texts_below(folder) == {ERASED, OTHER}
    assert forget_in(folder, WHO) == 1
    assert search.texts_below(folder) == {OTHER}
    after = ArchiveReader(folder / "one.zip").manifest
    assert after.replaces == before.digest()
    counts = {name: entry.rows for name, entry in after.tables.items()}
    assert counts["exclusion"] == 2
    assert counts["idempotent_answer"] == 1
    assert after.tables["register_event"] == before.tables["register_event"]
    assert (folder / "one.zip").stat().st_mode & 0o777 == 0o600
    assert forget_in(folder, WHO) == 0
    restore(settings, folder / "one.zip", replace=True)
    assert rows(settings) == ({subject_digest(ERASED), OTHER}, {"of B"})


def test_a_copy_made_before_brings_nobody_back_when_it_is_restored(settings, tmp_path):
    copy = tmp_path / "copy.zip"
    copy.write_bytes((settings.home / "backups" / "one.zip").read_bytes())
    record = RedactionRecord(id="r1", at=clock.now(), subjects_sha256=tuple(DIGESTS))
    redaction_files.write_record(settings.home / "lake", record)
    assert erased_by(settings.home / "lake") == WHO
    restore(settings, copy, replace=True)
    assert rows(settings) == ({subject_digest(ERASED), OTHER}, {"of B"})


def test_a_whole_shop_goes_and_another_stays(settings):
    folder = settings.home / "backups"
    assert forget_in(folder, Erased(frozenset(), "another-shop")) == 0
    assert forget_in(folder, Erased(frozenset(), "demo-shop")) == 1
    search = PlantedData([ERASED, OTHER])
    assert search.found_below(folder) == []


def test_the_inbox_in_a_backup_loses_them_too(settings):
    inbox = settings.home / "ingress" / "inbox.db"
    with closing(open_inbox(inbox)) as connection:
        for number, customer in ((71305000000019, ERASED), (71306000003022, OTHER)):
            connection.execute(
                "INSERT INTO shop_order VALUES ('d', ?, 'demo-shop', 1, 1, 0, ?, 1.0, 1, 'EUR',"
                " NULL, NULL, 'paid', NULL, 0)",
                (number, customer),
            )
    folder = settings.home / "backups"
    take(settings, folder / "two.zip")
    wish = RedactionRequest(
        id="r",
        kind=RedactionKind.CUSTOMER,
        reason="asked",
        requested_at=clock.now(),
        due_at=clock.now(),
        shop="demo-shop",
        subjects=(ERASED,),
        order_numbers=("71305000000019",),
    )
    orders = {"71305000000019": 71305000000019, "71306000003022": 71306000003022}
    search = PlantedData(
        [ERASED, OTHER, *orders], [(text, n.to_bytes(6, "big")) for text, n in orders.items()]
    )
    assert search.texts_below(folder) == set(search.texts)
    assert forget_in(folder, Erased(DIGESTS, wish=wish, domain="d")) == 2
    assert search.texts_below(folder) == {OTHER, "71306000003022"}
    inbox.unlink()
    restore(settings, folder / "two.zip", replace=True)
    with closing(open_inbox(inbox)) as connection:
        assert [row["customer"] for row in connection.execute("SELECT * FROM shop_order")] == [
            OTHER
        ]


def test_a_draft_that_still_grows_is_waited_for_and_one_left_behind_goes(settings):
    draft = settings.home / "backups" / ".two.zip.part"
    draft.write_bytes(b"half")
    with pytest.raises(BackupUnderWay):
        forget_in(draft.parent, WHO)
    long_ago = time.time() - 3600
    os.utime(draft, (long_ago, long_ago))
    assert forget_in(draft.parent, WHO) == 1
    assert not draft.exists()


def test_what_is_no_backup_is_named(settings):
    (settings.home / "backups" / "a.zip").write_bytes(b"no zip")
    with pytest.raises(ContractError, match=r"a\.zip"):
        forget_in(settings.home / "backups", WHO)


def test_the_inbox_of_a_copy_brings_nobody_back_and_knows_them_as_erased(settings, tmp_path):
    inbox, at = settings.home / "ingress" / "inbox.db", "2026-11-20T00:00:00Z"
    later = 1_900_000_000_000_000
    rows = ((1, ERASED, 1), (2, OTHER, 1), (3, ERASED, later), (4, None, later))
    with closing(open_inbox(inbox)) as connection:
        for number, customer, created_us in rows:
            connection.execute(
                "INSERT INTO shop_order VALUES ('d', ?, 'demo-shop', 1, ?, 0, ?, 1.0, 1, 'EUR',"
                " NULL, NULL, 'paid', NULL, 0)",
                (number, created_us, customer),
            )
    take(settings, tmp_path / "copy.zip")
    key = bytes.fromhex((settings.keys / "pseudonym.key").read_text().strip())
    guests = order_digest(order_secret(Pseudonymizer("", key), "demo-shop"), "4")
    record = RedactionRecord(id="r1", at=at, subjects_sha256=tuple(DIGESTS), orders_keyed=(guests,))
    redaction_files.write_record(settings.home / "lake", record)
    inbox.unlink()
    restore(settings, tmp_path / "copy.zip", replace=True)
    with closing(open_inbox(inbox)) as connection:
        kept = connection.execute("SELECT id FROM shop_order ORDER BY id").fetchall()
        known = connection.execute("SELECT name FROM erased").fetchall()
    assert [row["id"] for row in kept] == [2, 3]
    assert {row["name"] for row in known} == {*DIGESTS, guests}


def test_a_shop_that_was_erased_whole_does_not_come_back_with_the_inbox(settings, tmp_path):
    inbox = settings.home / "ingress" / "inbox.db"
    with closing(open_inbox(inbox)) as connection:
        for number, shop in ((1, "demo-shop"), (2, "another")):
            connection.execute(
                "INSERT INTO shop_order VALUES (?, ?, ?, 1, 1, 0, NULL, 1.0, 1, 'EUR',"
                " NULL, NULL, 'paid', NULL, 0)",
                (f"{shop}.myshopify.com", number, shop),
            )
    take(settings, tmp_path / "copy.zip")
    record = RedactionRecord(id="r1", at="2026-11-20T00:00:00Z", shop="demo-shop")
    redaction_files.write_record(settings.home / "lake", record)
    inbox.unlink()
    restore(settings, tmp_path / "copy.zip", replace=True)
    with closing(open_inbox(inbox)) as connection:
        kept = connection.execute("SELECT id FROM shop_order").fetchall()
        known = connection.execute("SELECT before_us FROM erased").fetchall()
    assert [row["id"] for row in kept] == [2]
    assert [row["before_us"] for row in known] == [until_us(record)]
