from bentos import redaction_files
from bentos.contract.redaction import RedactionRecord
from training.nightly.redacted import of_snapshot

FIRST, SECOND, OTHER = "1" * 64, "2" * 64, "3" * 64


def test_redactions_are_followed_in_their_order_whatever_they_are_called(tmp_path):
    later = RedactionRecord(id="a", at="2026-11-22T00:00:00Z", snapshots={SECOND: None})
    earlier = RedactionRecord(id="b", at="2026-11-21T00:00:00Z", snapshots={FIRST: SECOND})
    for each in (later, earlier):
        redaction_files.write_record(tmp_path, each)
    assert of_snapshot(tmp_path, FIRST) == (earlier, later)
    assert of_snapshot(tmp_path, SECOND) == (later,)
    assert of_snapshot(tmp_path, OTHER) == ()
