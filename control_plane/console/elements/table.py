"""A table that becomes a stack of cards on a phone."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from nicegui import html

R = TypeVar("R")


@dataclass(frozen=True)
class Column(Generic[R]):
    """``cell`` is text, or draws into the cell and returns None."""

    name: str
    cell: Callable[[R], str | None]
    classes: str = ""


def table(caption: str, columns: Sequence[Column[R]], rows: Iterable[R]) -> None:
    """Draw it. Roles are spelled out: as cards, browsers would forget that it is a table."""
    with html.table(role="table").classes("table"):
        html.caption(caption).classes("away")
        with html.thead(role="rowgroup"), html.tr(role="row"):
            for column in columns:
                with html.th(scope="col", role="columnheader").classes(column.classes):
                    # A column of buttons has no head to be seen, and one to be read out.
                    html.span(column.name or "Actions").classes("" if column.name else "away")
        with html.tbody(role="rowgroup"):
            for row in rows:
                with html.tr(role="row"):
                    for column in columns:
                        _cell(column, row)


def _cell(column: Column[R], row: R) -> None:
    bare = "" if column.name else "bare"
    cell = html.td(role="cell", **{"data-label": column.name})
    with cell.classes(f"{column.classes} {bare}"), html.div():
        text = column.cell(row)
        if text is not None:
            html.span(text)
