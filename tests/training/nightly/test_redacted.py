from bentos import redaction_files
from bentos.contract.redaction import RedactionRecord, TrainedVersion
from training.nightly.redacted import of_version

FIRST, SECOND, OTHER = "1" * 64, "2" * 64, "3" * 64
VERSION = "fraud:20261120-1a2b3c4d"


def test_redactions_are_followed_in_their_order_whatever_they_are_called(tmp_path):
    later = RedactionRecord(id="a", at="2026-11-22T00:00:00Z", snapshots={SECOND: None})
    earlier = RedactionRecord(id="b", at="2026-11-21T00:00:00Z", snapshots={FIRST: SECOND})
    for each in (later, earlier):
        redaction_files.write_record(tmp_path, each)
    assert of_version(tmp_path, VERSION, FIRST) == (earlier, later)
    assert of_version(tmp_path, VERSION, SECOND) == (later,)
    assert of_version(tmp_path, VERSION, OTHER) == ()


def test_a_version_that_is_named_needs_no_dataset_any_more(tmp_path):
    named = (TrainedVersion(model="fraud", version=VERSION),)
    record = RedactionRecord(id="a", at="2026-11-22T00:00:00Z", versions=named)
    redaction_files.write_record(tmp_path, record)
    assert of_version(tmp_path, VERSION, OTHER) == (record,)
    assert of_version(tmp_path, "fraud:20261120-aaaaaaaa", OTHER) == ()
