import pytest

from bentos import redaction_files
from bentos.contract.errors import ContractError
from bentos.contract.redaction import Hindrance, RedactionRecord
from tests.redaction_request import REQUEST

RECORD = RedactionRecord(id="r-17", at="2026-11-21T03:00:00Z")


def test_a_request_waits_until_its_record_lies_there(tmp_path):
    path = redaction_files.write_request(tmp_path, REQUEST)
    assert path == tmp_path / "redactions/requests/r-17.json"
    assert redaction_files.request_files(tmp_path) == [path]
    assert redaction_files.read_request(path) == REQUEST
    assert redaction_files.record_of(tmp_path / "lake", "r-17") is None
    written = redaction_files.write_record(tmp_path / "lake", RECORD)
    assert written == tmp_path / "lake/redactions/r-17.json"
    assert redaction_files.record_of(tmp_path / "lake", "r-17") == RECORD
    assert redaction_files.record_files(tmp_path / "lake") == [written]


def test_who_does_not_own_the_home_reads_no_pseudonym(tmp_path):
    assert redaction_files.write_request(tmp_path, REQUEST).stat().st_mode & 0o077 == 0


def test_an_id_leads_nowhere_else(tmp_path):
    with pytest.raises(ContractError, match="id"):
        redaction_files.request_path(tmp_path, "../keys/admin")


def test_what_does_not_fit_names_its_file(tmp_path):
    path = redaction_files.write_request(tmp_path, REQUEST)
    other = path.rename(path.with_name("r-18.json"))
    with pytest.raises(ContractError, match=r"r-18\.json.*r-18.*r-17"):
        redaction_files.read_request(other)
    other.write_text("{}")
    with pytest.raises(ContractError, match=r"r-18\.json.*request"):
        redaction_files.read_request(other)
    broken = redaction_files.write_record(tmp_path, RECORD)
    broken.write_text("{")
    with pytest.raises(ContractError, match=r"r-17\.json.*record"):
        redaction_files.read_record(broken)


def test_what_keeps_training_from_its_end_is_the_newest_reason_alone(tmp_path):
    assert redaction_files.hindrance_of(tmp_path, "r-17") is None
    for why in ("cut off", "a folder"):
        said = Hindrance(id="r-17", at="2026-11-21T03:00:00Z", why=why)
        written = redaction_files.write_hindrance(tmp_path, said)
    assert written == tmp_path / "redactions/training/r-17.json"
    assert redaction_files.hindrance_of(tmp_path, "r-17") == said
    written.write_text('{"id": "r-17", "at": "yesterday", "why": ""}')
    with pytest.raises(ContractError, match="RFC 3339"):
        redaction_files.hindrance_of(tmp_path, "r-17")
