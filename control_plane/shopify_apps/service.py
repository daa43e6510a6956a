"""Sets and removes Shopify apps; gateways learn them through the ``keys`` document.

The client secret itself never comes here: an app names where each gateway reads it.
"""

import re
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from bentos.contract.documents import ShopifyApp
from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from bentos.contract.shopify import MAX_LIVE_SECRETS, normal_shop, parse_secret_reference
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import NotFoundError, StaleError
from control_plane.paging import EVERYTHING, Listing
from control_plane.principal import Principal
from control_plane.registry.service import public_models, require_public
from control_plane.shopify_apps.models import ShopifyAppRow

_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,100}")


@dataclass(frozen=True, kw_only=True)
class AppOrder:
    """A Shopify app as it is to be from now on."""

    client_id: str
    shop: str
    domain: str
    secrets: list[str]
    proxy_models: list[str]
    checkout_models: list[str]
    rate: int | None


def set_app(session: WriteSession, principal: Principal, order: AppOrder) -> ShopifyAppRow:
    """Add an app or replace what is known of it."""
    domain = _check(session, order)
    known = session.get(ShopifyAppRow, order.client_id)
    before = None if known is None else app_view(known)
    row = known or ShopifyAppRow(client_id=order.client_id)  # type: ignore[call-arg]
    row.shop, row.domain, row.rate = order.shop, domain, order.rate
    row.secrets = list(order.secrets)
    row.proxy_models = sorted(set(order.proxy_models))
    row.checkout_models = sorted(set(order.checkout_models))
    row.set_at, row.set_by = clock.now(), principal.actor.id
    session.add(row)
    session.flush()
    change = Change(
        action=Action.SHOPIFY_APP_SET,
        entity=f"shopify_app:{row.client_id}",
        before=before,
        after=app_view(row),
    )
    record(session, principal, change)
    return row


def remove_app(session: WriteSession, principal: Principal, client_id: str) -> dict[str, Any]:
    """Close an app's doors; returns what was known of it. Raises NotFoundError."""
    row = get_app(session, client_id)
    before = app_view(row)
    session.delete(row)
    change = Change(
        action=Action.SHOPIFY_APP_REMOVE, entity=f"shopify_app:{client_id}", before=before
    )
    record(session, principal, change)
    return before


def get_app(session: ReadSession, client_id: str) -> ShopifyAppRow:
    """One app. Raises NotFoundError."""
    row = session.get(ShopifyAppRow, client_id)
    if row is None:
        raise NotFoundError(f"no Shopify app {client_id}")
    return row


def check_unchanged(session: ReadSession, client_id: str, set_at: str) -> None:
    """Raise StaleError unless the app is as it was when it was read, NotFoundError if it is gone:
    it is replaced whole, and who read it earlier would undo what somebody set since."""
    row = get_app(session, client_id)
    if row.set_at != set_at:
        raise StaleError(f"{client_id} was set by {row.set_by} at {row.set_at}: read it again.")


def list_apps(session: ReadSession, page: Listing = EVERYTHING) -> list[ShopifyAppRow]:
    """All apps, by client id."""
    return page.rows(session, select(ShopifyAppRow), col(ShopifyAppRow.client_id))


def app_entries(session: ReadSession) -> dict[str, ShopifyApp]:
    """Apps as the ``keys`` document has them, without models that are public no longer."""
    public = public_models(session)
    return {
        row.client_id: ShopifyApp(
            shop=row.shop,
            domain=row.domain,
            secrets=tuple(row.secrets),
            proxy_models=tuple(model for model in row.proxy_models if model in public),
            checkout_models=tuple(model for model in row.checkout_models if model in public),
            rate=row.rate,
        )
        for row in list_apps(session)
    }


def app_view(row: ShopifyAppRow) -> dict[str, Any]:
    """An app as the API and the register show it."""
    return row.model_dump()


def _check(session: ReadSession, order: AppOrder) -> str:
    """The shop's normal domain; raises ContractError, NotFoundError or PolicyError."""
    if not _CLIENT_ID.fullmatch(order.client_id):
        raise ContractError("client_id", "the app's client id", order.client_id)
    domain = normal_shop(order.domain, "domain")
    if not 1 <= len(order.secrets) <= MAX_LIVE_SECRETS:
        raise ContractError("secrets", f"1 to {MAX_LIVE_SECRETS} references", len(order.secrets))
    if len(set(order.secrets)) != len(order.secrets):
        raise ContractError("secrets", "each reference once", order.secrets)
    for index, reference in enumerate(order.secrets):
        parse_secret_reference(reference, f"secrets[{index}]")
    require_public(session, order.proxy_models, "proxy_models")
    require_public(session, order.checkout_models, "checkout_models")
    return domain
