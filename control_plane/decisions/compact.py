"""``python -m control_plane.decisions.compact``: one pass, in a process of its own.

A day's rows take a gigabyte in memory; they are given back when it ends.
"""

import os
import sys
from datetime import UTC, datetime

from bentos.decision_lake.files import Lake
from control_plane.config import Settings
from control_plane.db import Database
from control_plane.decisions.compaction import compact
from control_plane.errors import ConflictError

NICE = 10
BUSY = 4


def main() -> int:
    """Compact what has settled; 4 while somebody else rewrites files."""
    os.nice(NICE)
    settings = Settings()
    database = Database(settings.database)
    try:
        found = compact(Lake(settings.lake_url), database, datetime.now(UTC).date())
    except ConflictError as error:
        sys.stderr.write(f"{error.detail}\n")
        return BUSY
    finally:
        database.dispose()
    files, rows = sum(each.files for each in found), sum(each.rows for each in found)
    sys.stdout.write(f"{files} files of {rows} decisions are now {len(found)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
