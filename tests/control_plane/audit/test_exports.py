"""Exports, verified as an auditor does: another process, one file, the public key."""

import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile

import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bentos.contract.errors import ContractError
from control_plane.audit import exports
from control_plane.audit.checkpoint_copies import CheckpointCopies
from control_plane.audit.checkpointer import Checkpointer
from control_plane.audit.export_files import Form
from control_plane.audit.exports import Order, check_size, stream
from control_plane.audit.offline.__main__ import verify_file
from control_plane.audit.offline.notes import Policy, Unproven
from control_plane.audit.queries import Question
from control_plane.audit.register_key import RegisterSigner, enter_key
from control_plane.principal import system
from control_plane.publish.models import InstallationRow

SIGNER = RegisterSigner(Ed25519PrivateKey.from_private_bytes(b"\x07" * 32))
POLICY = Policy(SIGNER.public)


@pytest.fixture
def signed(filled, tmp_path):
    with filled.database.write() as session:
        row = InstallationRow(id=1, epoch=1, shop="s", environment="e", created_at="2026-01-01")
        session.add(row)
        enter_key(session, system("test"), SIGNER)
    filled.size += 1
    copies = CheckpointCopies(tmp_path / "copies")
    filled.checkpoint = Checkpointer(filled.database, SIGNER, copies, interval_s=60).make()
    return filled


def export(register, path, form=Form.JSONL, first=1, last=None, **question):
    order = Order(form=form, first=first, last=last or register.size, question=Question(**question))
    with path.open("wb") as file:
        for piece in stream(register.database, register.checkpoint, order):
            file.write(piece)
    return path


def rewritten(path, name, change):
    """The export with one of its files changed, and the manifest's digest made to fit."""
    with zipfile.ZipFile(path) as archive:
        files = {each: archive.read(each) for each in archive.namelist()}
    files[name] = change(files[name])
    manifest = json.loads(files["manifest.json"]) if name != "manifest.json" else {"files": {}}
    if name in manifest["files"]:
        manifest["files"][name] = hashlib.sha256(files[name]).hexdigest()
        files["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for each, data in files.items():
            archive.writestr(each, data)
    return path


@pytest.mark.parametrize("form", Form)
def test_the_whole_register_verifies_offline_in_every_form(signed, tmp_path, form):
    report = verify_file(export(signed, tmp_path / "x.zip", form), POLICY)
    assert report["ok"] is True
    assert (report["events"], report["size"]) == (signed.size, signed.size)
    assert report["complete"] is True
    assert report["root"] == signed.checkpoint.root


@pytest.mark.parametrize(("first", "last"), [(1, 1), (2, 300), (257, 512), (300, 601), (601, 601)])
def test_a_range_is_proved_to_be_whole(signed, tmp_path, first, last):
    report = verify_file(export(signed, tmp_path / "x.zip", first=first, last=last), POLICY)
    assert (report["events"], report["complete"]) == (last - first + 1, False)


@pytest.mark.parametrize("form", Form)
def test_a_selection_is_proved_event_by_event(signed, tmp_path, form):
    path = export(signed, tmp_path / "x.zip", form, action="register:key")
    assert verify_file(path, POLICY)["events"] == 1
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read("manifest.json"))["selection"] == {"action": "register:key"}
    path = export(signed, tmp_path / "y.zip", form, first=40, last=60, outcome="allowed")
    assert verify_file(path, POLICY)["events"] == 21


def drop_line(data):
    lines = data.split(b"\n")
    return b"\n".join(lines[:100] + lines[101:])


def swap_lines(data):
    lines = data.split(b"\n")
    lines[100], lines[101] = lines[101], lines[100]
    return b"\n".join(lines)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("events.jsonl", lambda data: data.replace(b'"reason":"because"', b'"reason":"why"', 1)),
        ("events.jsonl", drop_line),
        ("events.jsonl", swap_lines),
        ("events.jsonl", lambda data: data + data.split(b"\n")[-2] + b"\n"),
        ("checkpoint.txt", lambda data: data.replace(b"\n601\n", b"\n602\n")),
        ("manifest.json", lambda data: data.replace(b'"count": 601', b'"count": 600')),
        ("manifest.json", lambda data: data.replace(b'"first": 1', b'"first": 2')),
        ("manifest.json", lambda data: data.replace(b'"last": 601', b'"last": 600')),
        ("manifest.json", lambda _: b"{}"),
        ("manifest.json", lambda _: b"["),
    ],
)
def test_an_altered_export_does_not_verify(signed, tmp_path, name, change):
    path = rewritten(export(signed, tmp_path / "x.zip"), name, change)
    with pytest.raises(Unproven):
        verify_file(path, POLICY)


def test_a_readable_column_that_is_not_the_event_s_is_found(signed, tmp_path):
    path = export(signed, tmp_path / "x.zip", Form.CSV)
    rewritten(path, "events.csv", lambda data: data.replace(b",because,", b",whatever,", 1))
    with pytest.raises(Unproven, match="column reason"):
        verify_file(path, POLICY)


def test_another_key_does_not_verify_it(signed, tmp_path):
    path = export(signed, tmp_path / "x.zip")
    other = RegisterSigner(Ed25519PrivateKey.generate())
    with pytest.raises(Unproven, match="not signed"):
        verify_file(path, Policy(other.public))


def test_what_broke_off_is_no_export(signed, tmp_path):
    path = export(signed, tmp_path / "x.zip")
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(Unproven, match="cannot be read"):
        verify_file(path, POLICY)


def test_spreadsheets_get_no_formula_and_the_columns_are_there(signed, tmp_path):
    path = export(signed, tmp_path / "x.zip", Form.CSV, last=2)
    with zipfile.ZipFile(path) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("events.csv").decode())))
    assert rows[1]["seq"] == "2"
    assert rows[1]["approvals"] == '["leo","mia"]'
    path = export(signed, tmp_path / "y.zip", Form.PARQUET, last=2)
    with zipfile.ZipFile(path) as archive:
        table = pq.read_table(io.BytesIO(archive.read("events.parquet")))
    assert table.column("entity_revision").to_pylist() == [0, 1]
    assert json.loads(table.column("event")[1].as_py())["entity"] == "kill:first-1"


def test_the_verifier_in_the_export_runs_alone(signed, tmp_path):
    path = export(signed, tmp_path / "x.zip")
    with zipfile.ZipFile(path) as archive:
        archive.extract("verify.pyz", tmp_path)
    alone = (
        "import runpy, sys; sys.argv = sys.argv[1:]\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "finally:\n"
        "    others = ('bentos', 'sqlmodel', 'msgspec', 'control_plane.audit.service')\n"
        "    ours = [name for name in others if name in sys.modules]\n"
        "    assert ours == [], ours"
    )
    key = str(SIGNER.vkey(signed.checkpoint.origin))
    command = [sys.executable, "-c", alone, str(tmp_path / "verify.pyz"), str(path), "--key", key]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["events"] == signed.size


def test_a_selection_has_a_limit_and_a_range_an_order(signed, monkeypatch):
    monkeypatch.setattr(exports, "MAX_SELECTED", 10)
    with signed.database.read() as session:
        selected = Order(form=Form.CSV, first=1, last=601, question=Question(outcome="allowed"))
        with pytest.raises(ContractError, match="at most 10 events"):
            check_size(session, selected)
        check_size(session, Order(form=Form.CSV, first=1, last=601, question=Question()))
    with pytest.raises(ContractError, match="first"):
        Order(form=Form.CSV, first=3, last=2, question=Question())
