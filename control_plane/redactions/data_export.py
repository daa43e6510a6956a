"""Everything that is held of a person, as one zip the merchant can hand over (GDPR, article 15).

A page to read, and a JSON file for each place. Shopify: the data go to the store's owner, who
gives them to the customer, not to Shopify.
"""

import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

from bentos.contract.redaction import RedactionRequest
from control_plane import clock
from control_plane.config import Settings
from control_plane.db import Database
from control_plane.decisions.store import DecisionStore
from control_plane.redactions import held_here
from control_plane.redactions.held_in_files import Wanted, rows_of
from control_plane.redactions.models import RedactionRow

IN_MEMORY_BYTES = 8 * 1024 * 1024
PIECE = 64 * 1024
README = """What {shop} holds of you in the system that chooses and runs its models
=====================================================================

Request {id}{number}, asked {requested_at}, answered {at}.

You are held under pseudonyms: texts of 26 characters made from your customer number (and your
mail address, where an order file named you by it) with a secret key. Your name, addresses, phone
number and payment data are not held at all. These are yours:

{subjects}

What is in this archive:

{places}
{unread}
Times are UTC. Amounts are in the currency each row names. A decision is one answer of a model:
"decision" is what was decided, when and by which version; "about_the_person" is what it was told
about you and what it answered.

Models trained before an erasure may have learnt from these rows; the shop keeps a list of them.
"""
UNREAD = """
Files of the lake that could not be read (damaged, or being written just then), and may hold more
of you; ask again once the shop has mended them:

{files}
"""
_ABOUT = {
    "inbox.json": "orders as Shopify told of them, their lines, risk assessments, what became of "
    "them (refunds, returns, disputes), and what could not be applied yet",
    "decisions.json": "answers of models about you",
    "training.json": "rows that models are trained on, and features made from them, by file; a "
    "row that is kept in several versions is listed in each",
    "opt_outs.json": "what you are left out of",
}


def write_export(
    settings: Settings,
    database: Database,
    store: DecisionStore,
    row: RedactionRow,
    wish: RedactionRequest,
) -> IO[bytes]:
    """The zip in a file without a name, at its beginning; whoever reads it closes it."""
    wanted = Wanted(frozenset(wish.subjects), set(wish.order_numbers))
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        counts = {
            "inbox.json": _inbox(archive, settings, row, wish),
            "decisions.json": _listed(
                archive, "decisions.json", held_here.decisions_of(store.lake, wish.subjects)
            ),
            "training.json": _training(archive, settings, wanted),
            "opt_outs.json": _opt_outs(archive, database, wish),
        }
        archive.writestr("README.txt", _readme(row, wish, counts, sorted(wanted.unread)))
    file.seek(0)
    return file


def pieces_of(file: IO[bytes]) -> Iterator[bytes]:
    """The file, piece by piece."""
    while piece := file.read(PIECE):
        yield piece


def _inbox(
    archive: zipfile.ZipFile, settings: Settings, row: RedactionRow, wish: RedactionRequest
) -> int:
    path = settings.home / "ingress" / "inbox.db"
    tables = held_here.inbox_rows(path, wish, row.domain or "")
    archive.writestr("inbox.json", _json(tables))
    return sum(map(len, tables.values()))


def _training(archive: zipfile.ZipFile, settings: Settings, wanted: Wanted) -> int:
    found = rows_of(settings.home / "lake", wanted)
    rows = ({"file": file, "rows": rows} for file, rows in found)
    return _listed(archive, "training.json", rows, count=lambda each: len(each["rows"]))


def _opt_outs(archive: zipfile.ZipFile, database: Database, wish: RedactionRequest) -> int:
    with database.read() as session:
        found = held_here.opt_outs_of(session, wish)
    archive.writestr("opt_outs.json", _json(found))
    return len(found)


def _listed(
    archive: zipfile.ZipFile,
    name: str,
    entries: Iterator[dict[str, Any]],
    count: Callable[[dict[str, Any]], int] = lambda _: 1,
) -> int:
    """A JSON list, written entry by entry: there may be many."""
    total = 0
    with archive.open(name, "w", force_zip64=True) as out:
        out.write(b"[")
        for number, entry in enumerate(entries):
            out.write((",\n" if number else "\n").encode() + _json(entry).encode())
            total += count(entry)
        out.write(b"\n]\n")
    return total


def _readme(
    row: RedactionRow, wish: RedactionRequest, counts: dict[str, int], unread: list[str]
) -> str:
    files = "\n".join(f"    {each}" for each in unread)
    number = f" (Shopify's number {row.data_request})" if row.data_request else ""
    return README.format(
        shop=wish.shop,
        id=row.id,
        number=number,
        requested_at=wish.requested_at,
        at=clock.now(),
        subjects="\n".join(f"    {each}" for each in wish.subjects) or "    none",
        places="\n".join(f"    {name}: {_ABOUT[name]} ({counts[name]} rows)" for name in counts),
        unread=UNREAD.format(files=files) if unread else "",
    )


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)
