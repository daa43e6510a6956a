"""``python -m control_plane.decisions.offline FILE --key FILE --documents-key FILE``

Exit codes: 0 all fits, 1 it does not, 2 bad arguments.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from control_plane.audit.offline.notes import Policy, Unproven, read_key
from control_plane.decisions.offline.documents import read_document_keys
from control_plane.decisions.offline.evidence import Evidence, check_evidence
from control_plane.decisions.offline.route import bucket_of

UNREADABLE = (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check one file; the report is JSON on stdout."""
    parser = argparse.ArgumentParser(description="Verifies the evidence for one decision.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", required=True, help="register.pub, or the log's vkey")
    parser.add_argument("--documents-key", required=True, action="append", type=Path)
    parser.add_argument("--targeting-key-file", type=Path, help="has the bucket computed again")
    options = parser.parse_args(arguments)
    try:
        policy = Policy(read_key(options.key))
        keys = read_document_keys(options.documents_key)
    except Unproven as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        evidence = check_evidence(options.file.read_text(encoding="utf-8"), policy, keys)
        report = {"ok": True, **evidence.summary}
        if options.targeting_key_file is not None:
            key = options.targeting_key_file.read_text(encoding="utf-8").removesuffix("\n")
            report["bucket_of_key"] = check_bucket(evidence, key)
    except Unproven as error:
        report = {"ok": False, "problem": str(error)}
    except UNREADABLE as error:
        report = {"ok": False, "problem": f"file: it cannot be read: {type(error).__name__}"}
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return 0 if report["ok"] else 1


def check_bucket(evidence: Evidence, key: str) -> int:
    """The bucket of a raw key in the decision's release; Unproven unless it is the recorded one."""
    route: dict[str, Any] = evidence.summary["route"]
    if route["kind"] != "split":
        raise Unproven("targeting key: no bucket decided, so none can be computed again")
    bucket = bucket_of(route["seed"], key)
    if bucket != evidence.decision["bucket"]:
        raise Unproven("targeting key: its bucket is not the one the decision recorded")
    return bucket


if __name__ == "__main__":
    sys.exit(main())
