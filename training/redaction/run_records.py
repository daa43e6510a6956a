"""A person out of what nights wrote down: rows shown to say why orders were not fit.

They hold no customers, but orders; where it is lost which orders were theirs, every shown row
goes. Records are kept otherwise: which step gave what is evidence.
"""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from training import atomic
from training.redaction.scope import Scope
from training.redaction.work import Work

ERASED = "(erased)"
# A row as errors show it: a dict of Python's.
SHOWN_ROW = re.compile(r"\{[^{}]*\}")


def count(lake: Path, scope: Scope, work: Work, *, blind: bool = False) -> None:
    """Note what is there. ``blind``: which orders are theirs is lost in part."""
    found = 0
    for path in _files(lake):
        with work.going_through(path, lake.parent):
            found += _scrubbed(path, scope, blind) is not None
    work.found("lake/runs", found)


def erase(lake: Path, scope: Scope, work: Work, *, blind: bool = False) -> None:
    """Write every record without them; one that was a result kept for a step is redone."""
    for path in _files(lake):
        with work.going_through(path, lake.parent):
            content = _scrubbed(path, scope, blind)
            if content is not None:
                atomic.write_bytes(path, content)


def _files(lake: Path) -> list[Path]:
    return sorted((lake / "runs").rglob("*.json"))


def _scrubbed(path: Path, scope: Scope, blind: bool) -> bytes | None:
    """The file without them; None where it names none."""
    data = path.read_bytes()
    try:
        record = msgspec.json.decode(data)
    except msgspec.MsgspecError:
        # Nobody can read it; nobody is named in it either, then.
        return b"{}" if any(subject.encode() in data for subject in scope.subjects) else None
    scrub = Scrub(scope.subjects, scope.orders, every_row=blind)
    left = scrub.value(record)
    return msgspec.json.format(msgspec.json.encode(left), indent=2) if scrub.found else None


class Scrub:
    """Leaves out rows of named orders (``every_row``: of any), and whatever names a pseudonym."""

    def __init__(
        self, subjects: Collection[str], orders: Collection[str], *, every_row: bool = False
    ) -> None:
        self._every_row = every_row
        self._subjects = tuple(subjects)
        self._orders = frozenset(orders)
        self._shown = tuple(f": '{order}'" for order in orders)
        self.found = 0

    def value(self, value: Any, under: str = "") -> Any:
        """A JSON value without them."""
        if isinstance(value, dict):
            return {self._text(key): self.value(item, key) for key, item in value.items()}
        if isinstance(value, list):
            kept = [item for item in value if under != "rows" or not self._is_named(item)]
            self.found += len(value) - len(kept)
            return [self.value(item) for item in kept]
        return self._text(value) if isinstance(value, str) else value

    def _is_named(self, row: Any) -> bool:
        if not isinstance(row, dict):
            return False
        return self._every_row or any(str(each) in self._orders for each in row.values())

    def _text(self, text: str) -> str:
        for subject in self._subjects:
            if subject in text:
                self.found += 1
                text = text.replace(subject, ERASED)
        return SHOWN_ROW.sub(self._row, text) if "{" in text else text

    def _row(self, match: re.Match[str]) -> str:
        row = match[0]
        if self._every_row or any(shown in row for shown in self._shown):
            self.found += 1
            return ERASED
        return row
