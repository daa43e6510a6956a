"""One thing that is wrong with the data, with the rows that show it."""

from typing import Any

import msgspec

from training.errors import OrderError
from training.nightly.advice import UNREADABLE, advice

SHOWN_ROWS = 5


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """``rows``: at most five, without customers. ``what`` says expected and got in one line,
    ``column`` where, ``advice`` what to do."""

    check: str
    what: str
    column: str = ""
    rows: tuple[dict[str, Any], ...] = ()
    advice: str = ""

    def __str__(self) -> str:
        """For a terminal."""
        shown = "".join(f"\n    {row}" for row in self.rows)
        said = f"{self.check}: {self.what}"
        return f"{said}. {self.advice}{shown}" if self.advice else f"{said}{shown}"


def of_order_error(error: OrderError) -> Finding:
    """What an order file has wrong before its lines can be asked anything."""
    check = error.check or UNREADABLE
    return Finding(
        check=check,
        what=f"{error.field}: expected {error.expected}, got {error.got}",
        column=error.column,
        rows=error.rows,
        advice=error.hint or advice(check),
    )
