"""Which datasets hold other rows than they were registered with, because somebody was erased."""

from pathlib import Path

from bentos import redaction_files
from bentos.contract.redaction import RedactionRecord


def of_version(lake: Path, version: str, digest: str) -> tuple[RedactionRecord, ...]:
    """Redactions that name a version, or changed its snapshot or what became of it, in order."""
    found, known = [], {digest}
    records = [redaction_files.read_record(path) for path in redaction_files.record_files(lake)]
    for record in sorted(records, key=lambda each: (each.at, each.id)):
        touched = known & record.snapshots.keys()
        if touched or version in {each.version for each in record.versions}:
            found.append(record)
            known |= {after for name in touched if (after := record.snapshots[name])}
    return tuple(found)
