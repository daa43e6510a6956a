"""The secrets of a webhook: one, or two while one is rotated. In clear only in memory."""

from sqlmodel import col, select

from control_plane import clock
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import ConflictError
from control_plane.identifier import new_id
from control_plane.webhooks import signature
from control_plane.webhooks.models import WebhookSecretRow
from control_plane.webhooks.seal import Seal, UnreadableError

MOST_LIVE = 2


def add_secret(session: WriteSession, seal: Seal, webhook_id: str) -> tuple[WebhookSecretRow, str]:
    """A new one, and its text, which is shown once."""
    secret, secret_id = signature.new_secret(), new_id()
    row = WebhookSecretRow(
        id=secret_id,
        webhook_id=webhook_id,
        sealed=seal.close(secret, _place(webhook_id, secret_id)),
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    return row, signature.shown(secret)


def live_secrets(session: ReadSession, webhook_id: str, now: str) -> list[WebhookSecretRow]:
    """Those that are good, newest first."""
    query = select(WebhookSecretRow).where(col(WebhookSecretRow.webhook_id) == webhook_id)
    rows = session.exec(query.order_by(col(WebhookSecretRow.id).desc()))
    return [row for row in rows if row.expires_at is None or row.expires_at > now]


def open_secrets(session: ReadSession, seal: Seal, webhook_id: str, now: str) -> list[bytes]:
    """The live ones in clear, to sign with; raises UnreadableError."""
    rows = live_secrets(session, webhook_id, now)
    return [seal.open(row.sealed, _place(webhook_id, row.id)) for row in rows]


def end_older(session: WriteSession, webhook_id: str, overlap_s: int) -> list[WebhookSecretRow]:
    """Before a new one is made: what there is ends so many seconds from now, or at once for 0.

    Returns what stays for that while. Raises ConflictError when two are live already.
    """
    live = live_secrets(session, webhook_id, clock.now())
    if overlap_s and len(live) >= MOST_LIVE:
        raise ConflictError(
            f"two secrets are live, the older until {live[-1].expires_at}: wait, or rotate with "
            "overlap_s 0, which ends both"
        )
    kept = live if overlap_s else []
    for row in kept:
        row.expires_at = clock.later(overlap_s)
        session.add(row)
    forget_secrets(session, webhook_id, {row.id for row in kept})
    return kept


def forget_secrets(session: WriteSession, webhook_id: str, but: set[str]) -> None:
    """Delete those that are not good any more."""
    query = select(WebhookSecretRow).where(col(WebhookSecretRow.webhook_id) == webhook_id)
    for row in list(session.exec(query)):
        if row.id not in but:
            session.delete(row)
    session.flush()


def reseal(session: WriteSession, seal: Seal) -> int:
    """Seal all with the newest key, after it was rotated; returns how many were not."""
    changed = 0
    for row in list(session.exec(select(WebhookSecretRow))):
        if seal.is_newest(row.sealed):
            continue
        place = _place(row.webhook_id, row.id)
        try:
            row.sealed = seal.close(seal.open(row.sealed, place), place)
        except UnreadableError:
            # Told when it is to be used; its webhook's secret must be rotated.
            continue
        session.add(row)
        changed += 1
    return changed


def _place(webhook_id: str, secret_id: str) -> str:
    return f"webhook {webhook_id} secret {secret_id}"
