"""Disasters, on both engines and from one to the other."""

import hashlib
import itertools
import json
import threading
import time
import zipfile

import pytest

from bentos.contract.errors import ContractError
from control_plane.audit.checkpoint_copies import CheckpointCopies
from control_plane.audit.checkpoints import make_checkpoint
from control_plane.audit.register_key import load_register_signer
from control_plane.audit.verification import verify_all
from control_plane.audit.verifier import verify
from control_plane.backup.restoring import restore
from control_plane.backup.taking import take
from control_plane.db import Database
from control_plane.errors import ConflictError
from control_plane.in_use import holding, refuse_if_served
from gateway.documents import DocumentRefused, DocumentStore, load_public_key
from tests.control_plane.backup.installation import (
    append,
    contents,
    do,
    documents,
    events,
    promote,
    publish,
)

ENGINES = ("sqlite", "postgresql")
NUMBERS = itertools.count()


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("sqlite", "postgresql"),
        ("postgresql", "sqlite"),
        pytest.param("sqlite", "sqlite", marks=pytest.mark.slow),
        pytest.param("postgresql", "postgresql", marks=pytest.mark.slow),
    ],
)
def test_a_disaster(prepared, new_settings, tmp_path, source, target):
    """Backup under load, more changes, everything lost, restored from the file alone."""
    before = prepared(source)
    manifest = backup_under_load(before, tmp_path / "backup.zip")
    append(before, 7)
    publish(before)
    lost_documents = documents(before)
    gateway = gateway_beside(before, tmp_path / "gateway")
    for header, body in lost_documents:
        gateway.accept(header, body)
    size = events(before)[-1].seq
    held = contents(before)

    after = new_settings(target, "after")
    done = restore(after, tmp_path / "backup.zip")
    assert (done.size, done.sessions_ended, done.lost.exact) == (manifest.register_size, 1, False)
    assert (after.keys / "documents.key").read_bytes() == (
        before.keys / "documents.key"
    ).read_bytes()
    assert (after.keys / "documents.key").stat().st_mode & 0o077 == 0

    # Row for row what it was, and the register goes on from there.
    restored = contents(after)
    for table in ("model", "person", "api_key", "document_body"):
        assert restored[f"tables/{table}.jsonl"] == held[f"tables/{table}.jsonl"]
    kept = held["tables/register_event.jsonl"][: manifest.register_size]
    assert restored["tables/register_event.jsonl"][: manifest.register_size] == kept
    assert do(after, verify).ok
    assert manifest.register_size < size
    told = events(after, action="installation:restore")[0]
    assert told.diff["backup"] == manifest.digest()
    assert told.diff["epoch"] == [1, done.epoch]

    # A gateway that holds the lost revisions takes the new ones, and never the old again.
    publish(after)
    restored_documents = documents(after)
    assert {header.revision.epoch for header, _ in restored_documents} == {done.epoch}
    for header, body in restored_documents:
        gateway.accept(header, body)
    for header, body in lost_documents:
        with pytest.raises(DocumentRefused, match="older"):
            gateway.accept(header, body)

    # Numbers that the engine gives go on, too.
    assert do(after, promote) == 2


def backup_under_load(settings, path):
    """While somebody writes on."""
    stopping = threading.Event()

    def write():
        while not stopping.is_set():
            append(settings)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        return take(settings, path, with_keys=True)
    finally:
        stopping.set()
        writer.join()


def gateway_beside(settings, folder):
    key = load_public_key(settings.keys / "documents.pub")
    return DocumentStore(folder, key, lambda *_: None)


def test_the_same_backup_twice_gives_two_epochs(prepared, tmp_path):
    settings = prepared("sqlite")
    take(settings, tmp_path / "backup.zip")
    first = restore(settings, tmp_path / "backup.zip", replace=True)
    second = restore(settings, tmp_path / "backup.zip", replace=True)
    assert second.epoch > first.epoch > 1
    assert first.kept.is_file()


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_there_is_given_up_only_when_told(prepared, tmp_path, engine):
    settings = prepared(engine)
    manifest = take(settings, tmp_path / "backup.zip")
    append(settings, 3)
    with pytest.raises(ConflictError, match="holds an installation already"):
        restore(settings, tmp_path / "backup.zip")
    done = restore(settings, tmp_path / "backup.zip", replace=True)
    # Three, and that the backup was taken.
    assert (done.lost.events, done.lost.exact) == (4, True)
    assert "4 register events after" in str(done.lost)
    assert events(settings, action="installation:restore")[0].diff["lost"]["events"] == 4
    assert done.size == manifest.register_size
    assert (done.kept is not None) == (engine == "sqlite")


def forge(path, change):
    """A backup with other content, whatever its manifest says; ``change``: entry → bytes."""
    other = path.with_name(f"forged{next(NUMBERS)}.zip")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(other, "w") as target:
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
    return other


def altered(name, data):
    return data.replace(b'"system"', b'"person"') if "register_event" in name else data


def honest(path):
    """Let the manifest name the altered content: only the register itself can tell."""

    def change(name, data):
        if name != "manifest.json":
            return altered(name, data)
        manifest = json.loads(data)
        with zipfile.ZipFile(path) as zipped:
            lines = altered("register_event", zipped.read("tables/register_event.jsonl"))
        manifest["tables"]["register_event"]["sha256"] = hashlib.sha256(lines).hexdigest()
        return json.dumps(manifest).encode()

    return change


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def test_a_damaged_or_forged_backup_changes_nothing(prepared, tmp_path, engine):
    settings = prepared(engine)
    path = tmp_path / "backup.zip"
    take(settings, path)
    append(settings)
    held = contents(settings)
    for broken, said in [
        (forge(path, altered), "damaged"),
        (forge(path, honest(path)), "register: expected the backup's"),
        (forge(path, lambda n, d: d.replace(b'"format": 1', b'"format": 2')), "newer Signalbox"),
        (forge(path, lambda n, d: d.replace(b'"revision": "', b'"revision": "9')), "newer Signal"),
        (forge(path, lambda n, d: d.replace(b"demo-shop", b"other-shop")), "SIGNALBOX_SHOP"),
    ]:
        with pytest.raises(ContractError, match=said):
            restore(settings, broken, replace=True)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ContractError, match="expected a backup"):
        restore(settings, path, replace=True)
    now = contents(settings)
    # But for the event that the comparison itself left.
    assert {n: rows[: len(held[n])] for n, rows in now.items() if "register" not in n} == {
        n: rows for n, rows in held.items() if "register" not in n
    }
    assert do(settings, verify).ok


def wait_until_left(settings):
    """PostgreSQL notices a moment later that a client is gone."""
    database = Database(settings.database, maintenance=True)
    end = time.monotonic() + 60
    while True:
        try:
            refuse_if_served(database)
            break
        except ConflictError:
            assert time.monotonic() < end
            time.sleep(0.05)
    database.dispose()


@pytest.mark.parametrize("engine", ENGINES)
def test_who_works_is_not_restored_away(prepared, tmp_path, engine):
    settings = prepared(engine)
    take(settings, tmp_path / "backup.zip")
    serving = Database(settings.database)
    with holding(settings.home), pytest.raises(ConflictError, match="stop it first"):
        restore(settings, tmp_path / "backup.zip", replace=True)
    if engine == "postgresql":
        # A replica of another home.
        with pytest.raises(ConflictError, match=r"connected to it, from 127\.0\.0\.1"):
            restore(settings, tmp_path / "backup.zip", replace=True)
    serving.dispose()
    wait_until_left(settings)
    restore(settings, tmp_path / "backup.zip", replace=True)


def test_without_keys_anywhere_it_does_not_begin(prepared, new_settings, tmp_path):
    before, after = prepared("sqlite"), new_settings("sqlite", "after")
    take(before, tmp_path / "backup.zip")
    with pytest.raises(ContractError, match="Put the home's keys back"):
        restore(after, tmp_path / "backup.zip")
    assert not after.database.exists()
    take(before, tmp_path / "with-keys.zip", with_keys=True)
    assert (tmp_path / "with-keys.zip").stat().st_mode & 0o077 == 0
    after.keys.mkdir(parents=True)
    (after.keys / "documents.key").write_text("another")
    with pytest.raises(ConflictError, match=r"other keys \(documents\.key\)"):
        restore(after, tmp_path / "with-keys.zip")
    assert "documents.key" in restore(after, tmp_path / "with-keys.zip", replace=True).keys_written


def test_what_the_copied_checkpoints_count_is_known_to_be_lost(prepared, new_settings, tmp_path):
    before, after = prepared("sqlite"), new_settings("sqlite", "after")
    manifest = take(before, tmp_path / "backup.zip", with_keys=True)
    append(before, 5)
    signer = load_register_signer(before.keys)
    row = do(before, lambda session: make_checkpoint(session, signer))
    CheckpointCopies(after.checkpoint_copies).keep(row.origin, row.at, row.note)
    done = restore(after, tmp_path / "backup.zip")
    assert (done.lost.events, done.lost.exact) == (row.size - manifest.register_size, False)
    assert str(done.lost).startswith("at least 6 register events")
    # The restored register is another log: it may be signed again, under another name.
    again = do(after, lambda session: make_checkpoint(session, signer))
    assert again.origin != row.origin
    # What was signed of the lost history is excused by the event that tells of its loss.
    copies = CheckpointCopies(after.checkpoint_copies)
    assert do(after, lambda session: verify_all(session, copies)).ok
