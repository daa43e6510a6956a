"""Prints answers: tables for people, one JSON value for scripts, errors on standard error."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from control_plane.cli.exit_code import ExitCode

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Record = Mapping[str, Any]
console = Console()
_errors = Console(stderr=True)


def show(records: Sequence[Record] | Record, as_json: bool, columns: Sequence[str] = ()) -> None:
    """Print one record or a list of them; ``columns`` picks and orders a table's columns."""
    if as_json:
        typer.echo(json.dumps(records, indent=2))
    elif isinstance(records, Mapping):
        _show_one(records)
    else:
        _show_many(records, columns)


def fail(message: str, code: ExitCode) -> NoReturn:
    """Say what went wrong and end."""
    _errors.print(
        f"signalbox: {message}", style="red", markup=False, highlight=False, soft_wrap=True
    )
    raise typer.Exit(code)


def _show_one(record: Record) -> None:
    table = Table(show_header=False, box=None)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in record.items():
        table.add_row(name, _text(value))
    console.print(table)


def _show_many(records: Sequence[Record], columns: Sequence[str]) -> None:
    if not records:
        console.print("none")
        return
    table = Table(box=None, header_style="bold")
    names = columns or list(records[0])
    for name in names:
        table.add_column(name, overflow="fold")
    for record in records:
        table.add_row(*(_text(record.get(name)) for name in names))
    console.print(table)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    text = value if isinstance(value, str) else json.dumps(value)
    return text.replace("[", r"\[")
