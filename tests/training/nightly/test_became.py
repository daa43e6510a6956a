from bentos import redaction_files
from bentos.contract.redaction import RedactionRecord
from training.nightly.became import Became

FIRST, SECOND = "1" * 64, "2" * 64


def test_all_records_tell_and_one_nobody_can_read_is_named(tmp_path):
    for name, snapshots in (("r-1", {FIRST: SECOND}), ("r-2", {SECOND: None})):
        record = RedactionRecord(id=name, at="2026-11-22T00:00:00Z", snapshots=snapshots)
        redaction_files.write_record(tmp_path, record)
    assert Became.of(tmp_path) == Became(datasets={FIRST: SECOND, SECOND: None})
    redaction_files.record_path(tmp_path, "r-1").write_bytes(b"{")
    found = Became.of(tmp_path)
    assert (found.datasets, list(found.unread)) == ({SECOND: None}, ["redactions/r-1.json"])
