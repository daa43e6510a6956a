"""``python -m training redact``: erase whom requests name from everything training keeps.

Exit codes: 0 all that was asked is erased (or nothing was), 1 a request could not be honoured,
2 bad input, 4 a run, a night or a sync is under way.
"""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from bentos.contract.redaction import RedactionRecord
from training.settings import Settings

if TYPE_CHECKING:
    from training.redaction.work import Work


def redact(
    *,
    request: Annotated[
        str | None, typer.Option(help="One request alone, by its id; default: all that wait.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be erased; change nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Erase whom the requests in redactions/requests name; each is answered by its record.

    Exit codes: 0 done or nothing to do, 1 a request could not be honoured, 4 the lake is in use.
    """
    from training.nightly import lock  # noqa: PLC0415
    from training.redaction import honouring  # noqa: PLC0415 - DuckDB, LMDB

    settings = Settings()
    found: honouring.Answered[Any]
    if dry_run:
        found = honouring.foresee(settings, request)
    else:
        with lock.held(settings.lake):
            found = honouring.honour(settings, request)
    for name, problem in found.problems.items():
        sys.stderr.write(f"error: {name}: {problem}\n")
    if as_json:
        made = [_shown(each) for each in found.made]
        _print({"redactions": made, "problems": found.problems, "returned": found.returned})
    else:
        for each in found.made:
            _tell(each, "would remove" if dry_run else "removed")
    if found.returned:
        sys.stderr.write(f"rows of orders erased before that came back: {found.returned}\n")
    raise typer.Exit(1 if found.problems else 0)


def _shown(made: "RedactionRecord | Work") -> Any:
    """A record is public; what a redaction has found before it is done names people."""
    if isinstance(made, RedactionRecord):
        return made
    shown = {"id": made.id, "removed": made.removed, "versions": made.versions}
    return shown | {"unread": made.unread}


def _tell(made: "RedactionRecord | Work", did: str) -> None:
    places = ", ".join(f"{rows} in {place}" for place, rows in sorted(made.removed.items()))
    learned = f"{len(made.versions)} versions learned from it"
    sys.stdout.write(f"{made.id}: {did} {places or 'nothing'}; {learned}\n")
    if not isinstance(made, RedactionRecord) and made.unread:
        sys.stderr.write(f"{made.id}: could not go through {', '.join(sorted(made.unread))}\n")


def _print(record: Any) -> None:
    content = msgspec.json.format(msgspec.json.encode(record), indent=2)
    sys.stdout.buffer.write(content + b"\n")
