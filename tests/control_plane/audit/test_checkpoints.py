import json
import os
import sqlite3
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bentos.contract.errors import ContractError
from bentos.contract.merkle_proof import perfect_subtrees
from bentos.contract.register import Action
from control_plane.audit import checkpoints
from control_plane.audit.checkpoint_copies import CheckpointCopies
from control_plane.audit.checkpointer import Checkpointer
from control_plane.audit.checkpoints import InconsistentError
from control_plane.audit.offline.notes import Policy
from control_plane.audit.register_key import RegisterSigner, check_key, enter_key, recorded_keys
from control_plane.audit.service import Change, record
from control_plane.audit.tree import StoredTree
from control_plane.audit.verification import verify_all
from control_plane.audit.verifier import Anchor
from control_plane.principal import system
from control_plane.publish.models import InstallationRow

SIGNER = RegisterSigner(Ed25519PrivateKey.from_private_bytes(b"\x07" * 32))


@pytest.fixture
def signed(filled):
    """A register whose installation and key are known."""
    with filled.database.write() as session:
        row = InstallationRow(
            id=1, epoch=1, shop="a shop+", environment="test", created_at="2026-01-01"
        )
        session.add(row)
        enter_key(session, system("test"), SIGNER)
    filled.size += 1
    return filled


@pytest.fixture
def copies(tmp_path):
    return CheckpointCopies(tmp_path / "elsewhere")


@pytest.fixture
def checkpointer(signed, copies):
    return Checkpointer(signed.database, SIGNER, copies, interval_s=0.01)


def whole(register, copies, *given):
    with register.database.read() as session:
        return verify_all(session, copies, given)


def test_a_checkpoint_is_signed_kept_and_copied(signed, checkpointer, copies):
    row = checkpointer.make()
    assert (row.origin, row.size) == ("signalbox/a%20shop%2B/test/1", signed.size)
    checkpoint, _ = Policy(SIGNER.vkey(row.origin)).check(row.note)
    assert checkpoint.root.hex() == row.root
    copied = copies.all(row.origin)
    assert [path.read_text() for path in copied] == [row.note]
    assert copied[0].name == f"{row.at[:10]}.checkpoint"
    assert whole(signed, copies).anchors == 2


def test_nothing_new_is_nothing_to_sign(checkpointer, signed):
    first = checkpointer.make()
    assert checkpointer.make() == first
    signed.append(3)
    later = checkpointer.make()
    assert later.size == first.size + 3
    assert checkpointer.covering(first.size).size == first.size
    assert checkpointer.covering(first.size + 1).size == later.size


def test_a_thread_signs_at_its_interval_and_at_the_end(checkpointer, signed, copies):
    checkpointer.start()
    try:
        signed.append(5)
    finally:
        checkpointer.stop()
    name = "signalbox/a%20shop%2B/test/1"
    with signed.database.read() as session:
        assert checkpoints.latest(session, name).size == signed.size
    assert checkpointer.failing is None


def test_a_cut_register_is_found_by_the_copy_alone_and_not_signed(checkpointer, signed, copies):
    signed.append(20)
    checkpointer.make()
    # All of it cut back to a state of before, consistently, the stored checkpoints too.
    cut = signed.size - 1
    root = signed.value("root", cut)
    signed.tamper("DELETE FROM register_checkpoint")
    signed.tamper("DELETE FROM register_event WHERE seq > :cut", cut=cut)
    signed.tamper("UPDATE register_head SET size = :cut, root = :root", cut=cut, root=root)
    signed.tamper("UPDATE register_head SET edge = :edge", edge=edge_of(signed, cut))
    nowhere = CheckpointCopies(copies.folder / "nowhere")
    assert whole(signed, nowhere).ok
    found = whole(signed, copies)
    assert (found.ok, found.first_bad) == (False, cut + 1)
    assert ".checkpoint counts" in found.problem
    with pytest.raises(InconsistentError, match="the copied checkpoint counts"):
        checkpointer.make()


def edge_of(register, size):
    with register.database.read() as session:
        node = StoredTree(session).node
        return json.dumps([node(*each).hex() for each in perfect_subtrees(0, size)])


def test_a_rewritten_leaf_is_not_signed_over(checkpointer, signed):
    checkpointer.make()
    signed.append(1)
    signed.tamper("UPDATE register_event SET leaf = :leaf WHERE seq = 590", leaf="0" * 64)
    with pytest.raises(InconsistentError, match="the last checkpoint saw other events"):
        checkpointer.make()


def test_a_checkpoint_that_nobody_of_ours_signed_is_named(checkpointer, signed, copies):
    row = checkpointer.make()
    forged = RegisterSigner(Ed25519PrivateKey.generate()).note(row.origin, row.size, b"\0" * 32)
    path = copies.keep(row.origin, "2026-01-01T", forged)
    found = whole(signed, copies)
    assert not found.ok
    assert str(path) in found.problem
    path.unlink()
    signed.tamper("UPDATE register_checkpoint SET root = :root", root="0" * 64)
    assert "has a note over other events" in whole(signed, copies).problem


def test_copies_out_of_reach_stop_nothing_and_are_told(signed, copies):
    copies.folder.write_text("not a folder")
    checkpointer = Checkpointer(signed.database, SIGNER, copies, interval_s=60)
    assert checkpointer.make().size == signed.size
    assert "elsewhere" in checkpointer.copy_failing
    copies.folder.unlink()
    checkpointer.make()
    assert checkpointer.copy_failing is None


def test_a_copy_is_there_whole_or_as_before(copies, monkeypatch):
    path = copies.keep("o", "2026-11-26T", "first")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644

    def fail(*_):
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="disk full"):
            copies.keep("o", "2026-11-26T", "second")
    assert copies.newest("o") == "first"
    copies.keep("o", "2026-11-27T", "third")
    assert (copies.newest("o"), copies.newest("other")) == ("third", None)


def test_a_register_has_one_key_and_remembers_those_before(signed):
    other = RegisterSigner(Ed25519PrivateKey.generate())
    with signed.database.write() as session:
        with pytest.raises(ContractError, match=r"register\.key"):
            check_key(session, other)
        enter_key(session, system("test"), SIGNER)
        assert recorded_keys(session) == [SIGNER.public]
        enter_key(session, system("test"), other)
        assert recorded_keys(session) == [SIGNER.public, other.public]
        with pytest.raises(ContractError, match=r"register\.key"):
            checkpoints.make_checkpoint(session, SIGNER)


def test_checkpoints_of_before_a_rotation_still_count(checkpointer, signed, copies):
    checkpointer.make()
    other = RegisterSigner(Ed25519PrivateKey.generate())
    with signed.database.write() as session:
        enter_key(session, system("test"), other)
    row = Checkpointer(signed.database, other, copies, interval_s=60).make()
    found = whole(signed, copies, Anchor(row.size, row.root))
    # Two stored, the copy of today, which is the later one, and the one given.
    assert (found.ok, found.anchors) == (True, 4)


def test_a_restored_register_is_another_log(signed, checkpointer):
    first = checkpointer.make()
    with signed.database.write() as session:
        session.get(InstallationRow, 1).epoch = 2
    second = checkpointer.make()
    assert (first.origin[-2:], second.origin[-2:]) == ("/1", "/2")
    assert first.size == second.size


def restore(register, *, told):
    """As a restored backup goes on: another epoch, and an event that says so."""
    with register.database.write() as session:
        session.get(InstallationRow, 1).epoch = 2
        if told:
            change = Change(
                action=Action.INSTALLATION_RESTORE,
                entity="installation",
                before={"epoch": 1},
                after={"epoch": 2},
            )
            record(session, system("restore"), change)
    register.size += told


@pytest.mark.parametrize("told", [True, False])
def test_what_a_restoration_gave_up_is_not_missed_if_the_register_tells_of_it(
    signed, checkpointer, copies, told, tmp_path
):
    if signed.on_postgresql:
        pytest.skip("the backup here is a copied file")
    with signed.database.read() as session:
        backup = sqlite3.connect(tmp_path / "backup.db")
        session.connection().connection.driver_connection.backup(backup)
        backup.close()
    signed.append(20)
    given_up = checkpointer.make()
    restored = type(signed)(tmp_path / "backup.db")
    restore(restored, told=told)
    found = whole(restored, copies)
    assert found.ok is told
    if not told:
        assert f"counts {given_up.size} events" in found.problem
    restored.database.dispose()


def test_what_was_signed_before_a_restoration_still_holds(signed, checkpointer, copies):
    first = checkpointer.make()
    restore(signed, told=True)
    checkpointer.make()
    assert whole(signed, copies).anchors == 4
    forged = SIGNER.note(first.origin, first.size, b"\0" * 32)
    copies.keep(first.origin, "2026-01-01T", forged)
    assert "saw other events" in whole(signed, copies).problem
