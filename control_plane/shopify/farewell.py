"""What follows an uninstalled app: its shop's credentials are forgotten.

Shopify ends the token as the app is uninstalled. A delivery may come hours later, when the
merchant has installed and connected it anew: so Shopify is asked whether the credentials of now
still work, and only those that don't are forgotten. While that cannot be told they stay for a
day, and no longer.
"""

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import structlog

from bentos.contract.errors import ContractError
from bentos.shopify_admin.errors import ShopClosed, ShopifyError, Unauthorized
from control_plane import clock
from control_plane.shopify.admin import Admins
from control_plane.shopify.inbox import read_inbox
from control_plane.shopify.inbox_writer import InboxWriter
from control_plane.shopify.metrics import Metrics

SEEN = "farewell"
"""Cursor of a shop: which uninstallation was seen to."""
DOUBT_S = 86_400.0
log = structlog.get_logger(__name__)


class Farewell:
    """Sees to every uninstallation once, also after a kill."""

    def __init__(self, inbox: Path, writer: InboxWriter, admins: Admins, metrics: Metrics) -> None:
        self._inbox = inbox
        self._writer = writer
        self._admins = admins
        self._metrics = metrics

    def run(self) -> None:
        """Those nobody has seen to yet."""
        with closing(read_inbox(self._inbox)) as inbox:
            waiting = _unseen(inbox)
        for domain, at in waiting:
            if self._settle(domain, at):
                self._writer.write(partial(_seen, domain=domain, at=at))

    def _settle(self, domain: str, at: str) -> bool:
        """Whether nothing is left to do about it."""
        if not self._admins.is_connected(domain):
            return True
        try:
            self._admins.of(domain).look()
        except (Unauthorized, ShopClosed) as error:
            why = type(error).__name__
        except (ShopifyError, ContractError) as error:
            if clock.seconds_since(at) < DOUBT_S:
                return False
            why = type(error).__name__
        else:
            log.warning("ingress_uninstalled_but_connected", shop=domain)
            self._metrics.said_farewell("connected_again")
            return True
        self._admins.forget(domain)
        log.warning("ingress_credentials_forgotten", shop=domain, why=why)
        self._metrics.said_farewell("forgotten")
        return True


def _unseen(inbox: sqlite3.Connection) -> list[tuple[str, str]]:
    rows = inbox.execute(
        "SELECT u.domain, u.at FROM uninstalled u LEFT JOIN cursor c"
        " ON c.domain = u.domain AND c.name = ? WHERE c.value IS NOT u.at",
        (SEEN,),
    )
    return [(row["domain"], row["at"]) for row in rows]


def _seen(inbox: sqlite3.Connection, domain: str, at: str) -> None:
    inbox.execute("INSERT OR REPLACE INTO cursor VALUES (?, ?, ?)", (domain, SEEN, at))
