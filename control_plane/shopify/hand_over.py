"""What Shopify's law topics ask for, handed to whoever carries it out: a file for each request.

The note first, then the request, then the row is marked as taken and names nobody any more.
Killed in between, the same files are written again: a request's id is made from its delivery.
"""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from uuid import UUID, uuid5

import structlog

from bentos import redaction_files
from bentos.contract.errors import ContractError
from bentos.contract.redaction import RedactionKind, RedactionRequest
from control_plane import clock
from control_plane.redactions.note import Note, read_note, write_data_request, write_note
from control_plane.shopify import compliance
from control_plane.shopify.apps import App
from control_plane.shopify.compliance import Request
from control_plane.shopify.inbox import read_inbox
from control_plane.shopify.inbox_writer import InboxWriter
from control_plane.shopify.subjects import TARGETING_KEY, in_order

IDS = UUID("6f1f3f0c-6a55-5c0a-9a3c-9f5c1b0e7a42")
"""The namespace of these ids: any would do, it must stay."""
DATA_REQUEST, SHOP_REDACT = "customers/data_request", "shop/redact"
Name = Callable[[str, str, str], str]
"""(shop, kind, raw id) → pseudonym."""
log = structlog.get_logger(__name__)


class HandOver:
    """``run`` hands over what nobody has taken."""

    def __init__(
        self,
        home: Path,
        inbox: Path,
        writer: InboxWriter,
        name: Name,
        apps: Callable[[], Iterable[App]],
    ) -> None:
        self._apps = apps
        self._home = home
        self._inbox = inbox
        self._writer = writer
        self._name = name

    def run(self) -> int:
        """How many were handed over. One that cannot be keeps no other from it; raises
        ContractError when there was one."""
        with closing(read_inbox(self._inbox)) as inbox:
            found = [(each, _known(inbox, each)) for each in compliance.open_requests(inbox)]
        refused: ContractError | None = None
        for request, orders in found:
            try:
                self._hand(request, orders)
            except ContractError as error:
                log.error("compliance_not_handed_over", seq=request.seq, reason=str(error))
                refused = error
        if refused is not None:
            raise refused
        return len(found)

    def _hand(self, request: Request, known: dict[int, str | None]) -> None:
        if request.topic == SHOP_REDACT:
            self._check_alone(request)
        request_id = str(uuid5(IDS, f"{request.domain}\n{request.seq}\n{request.received_at}"))
        note = read_note(self._home, request_id)
        if note is None:
            note = Note(
                id=request_id,
                topic=request.topic,
                domain=request.domain,
                data_request=request.data_request,
            )
            write_note(self._home, note)
        if note.erased_at is None:
            wish = self._wish(request_id, request, known)
            if request.topic == DATA_REQUEST:
                write_data_request(self._home, wish)
            else:
                redaction_files.write_request(self._home, wish)
        self._writer.write(partial(compliance.taken, seq=request.seq, now=clock.now()))

    def _check_alone(self, request: Request) -> None:
        """Decisions and the lake know a shop by our name of it: what two domains share under one
        name cannot be told apart, and would go with either."""
        others = {
            each.domain
            for each in self._apps()
            if each.shop == request.shop and each.domain != request.domain
        }
        if others:
            hint = "Erase it by hand, or give the others a name of their own."
            expected = f"a name that is {request.domain}'s alone"
            raise ContractError("shop", expected, f"also {sorted(others)}", hint)

    def _wish(
        self, request_id: str, request: Request, known: dict[int, str | None]
    ) -> RedactionRequest:
        whole = request.topic == SHOP_REDACT
        orders = sorted({*request.order_ids, *known})
        # A guest's order was decided about under a key of its own.
        guests = [each for each in orders if known.get(each) is None]
        names = in_order(request.subjects)
        names += [self._name(request.shop, TARGETING_KEY, f"order:{each}") for each in guests]
        return RedactionRequest(
            id=request_id,
            kind=RedactionKind.SHOP if whole else RedactionKind.CUSTOMER,
            reason=f"{request.topic} of {request.domain}",
            requested_at=request.received_at,
            due_at=request.due_at,
            shop=request.shop,
            subjects=tuple(dict.fromkeys(names)),
            order_numbers=tuple(map(str, orders)),
        )


def _known(inbox: sqlite3.Connection, request: Request) -> dict[int, str | None]:
    """Orders of these subjects or that the request names, as far as they are known here, with
    their customers."""
    found: dict[int, str | None] = {}
    for column, values in (
        ("customer", list(request.subjects.values())),
        ("id", request.order_ids),
    ):
        for value in values:
            rows = inbox.execute(
                f"SELECT id, customer FROM shop_order WHERE domain = ? AND {column} = ?",  # noqa: S608 - ours
                (request.domain, value),
            )
            found.update((row["id"], row["customer"]) for row in rows)
    return found
