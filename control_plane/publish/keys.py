"""Compiles the ``keys`` document: who may call the gateway, and through which doors."""

from msgspec import UNSET

from bentos.contract.documents import KeysBody
from control_plane.callers.service import caller_keys
from control_plane.db import ReadSession
from control_plane.shopify_apps.service import app_entries


def keys_body(session: ReadSession) -> KeysBody:
    """Every caller that was not revoked, and every Shopify app."""
    # Without apps the document is what it was before there were any.
    return KeysBody(keys=caller_keys(session), shopify=app_entries(session) or UNSET)
