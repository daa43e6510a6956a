"""``python verify.pyz FILE --key KEY``, or ``python -m control_plane.audit.offline FILE …``.

Exit codes: 0 all fits, 1 it does not, 2 bad arguments.
"""

import argparse
import json
import sys
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from control_plane.audit.offline.exports import verify_export
from control_plane.audit.offline.notes import Policy, Unproven, parse_vkey, read_key
from control_plane.audit.offline.proofs import verify_proof

UNREADABLE = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, RecursionError),
    *(zipfile.BadZipFile, zlib.error),
)


def verify_file(path: Path, policy: Policy) -> dict[str, Any]:
    """Check whichever of the two ``path`` is; raises Unproven."""
    try:
        if zipfile.is_zipfile(path):
            return verify_export(path, policy)
        return verify_proof(path.read_text(encoding="utf-8"), policy)
    except UNREADABLE as error:
        raise Unproven(f"{path}: it cannot be read: {type(error).__name__} {error}") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify one file; the report is JSON on stdout."""
    parser = argparse.ArgumentParser(description="Verifies a proof or an export of a register.")
    parser.add_argument("file", type=Path, help="register-export.zip or event.tlog-proof")
    parser.add_argument("--key", required=True, help="register.pub, or the log's vkey")
    parser.add_argument(
        "--witness", action="append", default=[], help="vkey that must have signed as well; repeat"
    )
    options = parser.parse_args(arguments)
    try:
        key, witnesses = read_key(options.key), [parse_vkey(each) for each in options.witness]
    except Unproven as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        report = verify_file(options.file, Policy(key, witnesses))
    except Unproven as error:
        report = {"ok": False, "problem": str(error)}
    sys.stdout.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
