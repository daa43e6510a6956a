"""What a webhook said: a bulk operation has ended. Left by the ingress, taken by who waits.

A hint only has somebody ask sooner; what Shopify answers is what counts. One empty file each,
as the two processes share a home and nothing else.
"""

import re
import time
from pathlib import Path

from bentos.contract.shopify import normal_shop

FOLDER = Path("run") / "shopify"
KEPT_S = 24 * 3600.0
"Nobody waits for one that old: hints of operations that were not ours go with the next one."
_OPERATION = re.compile(r"gid://shopify/BulkOperation/(?P<number>[0-9]{1,20})")


class BulkHints:
    """Those of one shop, below a home."""

    def __init__(self, home: Path, shop: str) -> None:
        self._folder = home / FOLDER / f"{normal_shop(shop)}.bulk"

    def leave(self, operation: str) -> None:
        """Say that an operation (its gid) has ended; raises OSError. No gid of one: nothing."""
        place = self._place(operation)
        if place is None:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.touch(mode=0o600)
        oldest = time.time() - KEPT_S
        for hint in self._folder.iterdir():
            if hint.stat().st_mtime < oldest:
                hint.unlink(missing_ok=True)

    def take(self, operation: str) -> bool:
        """Whether an operation was said to have ended; it is said only once."""
        place = self._place(operation)
        try:
            if place is not None:
                place.unlink()
        except OSError:  # none is there, or none that can be taken: then it is polled for
            return False
        return place is not None

    def _place(self, operation: str) -> Path | None:
        found = _OPERATION.fullmatch(operation)
        return self._folder / found["number"] if found else None
