"""One thing that is wrong with the data, with the rows that show it."""

from typing import Any

import msgspec

SHOWN_ROWS = 5


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """``rows``: at most five, without customers. ``what`` says expected and got in one line."""

    check: str
    what: str
    rows: tuple[dict[str, Any], ...] = ()

    def __str__(self) -> str:
        """For a terminal."""
        shown = "".join(f"\n    {row}" for row in self.rows)
        return f"{self.check}: {self.what}{shown}"
