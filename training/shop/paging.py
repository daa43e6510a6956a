"""What bulk operations cannot hold: refunds with their lines, and disputes, page by page.

A page's rows and the cursor behind it are one commit. Pages go in the order of changes, so
an order that changes meanwhile is met again at the end.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from bentos.shopify_admin.clock import Clock
from training.shop import nodes
from training.shop.bulk import Admin
from training.shop.reading import Told, changed, stamp
from training.shop.rows import Row, Rows, refund_row
from training.shop.staging import Progress, Staging
from training.shop.streams import DISPUTES, REFUNDS

PAGE = 250
"Shopify's largest."
REFUND_LINES = 100


class Pages:
    """Reads paged streams of one shop into a staging file."""

    def __init__(
        self, admin: Admin, clock: Clock, staging: Staging, rows: Rows, told: Told
    ) -> None:
        self._admin = admin
        self._clock = clock
        self._staging = staging
        self._rows = rows
        self._told = told

    def refunds(self) -> None:
        """Refunds of all orders changed in the stream's window."""
        progress = self._begun(REFUNDS)
        pages = 0
        while not progress.done:
            variables = {
                "first": PAGE,
                "after": progress.cursor,
                "changed": changed(progress.windows[0]),
            }
            data = self._admin.execute("refund_pages", variables)["orders"]
            page = msgspec.convert(data, nodes.RefundedOrders)
            rows = [row for order in page.nodes for row in self._refund_rows(order)]
            newest = stamp(max(order.updated_at for order in page.nodes)) if page.nodes else None
            progress = _after(progress, page.page_info, newest)
            self._staging.add(REFUNDS, rows, progress)
            pages += 1
            self._told(REFUNDS, pages, None)

    def disputes(self) -> None:
        """All disputes; Shopify shows no changes of them, so all are read each time."""
        progress = self._begun(DISPUTES)
        pages = 0
        while not progress.done:
            variables = {"first": PAGE, "after": progress.cursor}
            data = self._admin.execute("dispute_pages", variables)["disputes"]
            page = msgspec.convert(data, nodes.Disputes)
            rows = [self._rows.of_dispute(dispute) for dispute in page.nodes]
            progress = _after(progress, page.page_info, None)
            self._staging.add(DISPUTES, rows, progress)
            pages += 1
            self._told(DISPUTES, pages, None)

    def _begun(self, name: str) -> Progress:
        progress = self._staging.progress(name)
        if progress.since is None:
            progress = msgspec.structs.replace(progress, since=stamp(self._clock.now()))
            self._staging.set_progress(name, progress)
        return progress

    def _refund_rows(self, order: nodes.RefundedOrder) -> Iterator[Row]:
        yield from self._rows.of_refunds(order)
        for refund in order.refunds:
            page = refund.refund_line_items.page_info
            while page.has_next_page:
                variables: dict[str, Any] = {
                    "id": refund.id,
                    "first": PAGE,
                    "after": page.end_cursor,
                }
                found = self._admin.execute("refund_lines", variables)["refund"]
                if found is None:  # gone since; the next sync sees the order changed
                    break
                more = msgspec.convert(found["refundLineItems"], nodes.RefundLines)
                for line in more.nodes:
                    yield refund_row(order.id, refund, line)
                page = more.page_info


def _after(progress: Progress, page: nodes.PageInfo, newest: str | None) -> Progress:
    """How far the stream is behind this page; ``intent`` keeps the newest change seen."""
    return msgspec.structs.replace(
        progress,
        cursor=page.end_cursor if page.has_next_page else progress.cursor,
        done=not page.has_next_page,
        intent=max(filter(None, (progress.intent, newest)), default=None),
    )
