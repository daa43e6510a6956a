"""How a merchant lets a public app in: the address to send them to, and what comes back.

https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant.
The signature is ShopifyAPI's to compute; a class of its own keeps the secret out of the
library's process-wide Session.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, urlsplit

from shopify.session import Session

from bentos.contract.errors import ContractError
from bentos.contract.shopify import SignatureRefused, normal_shop

MAX_AGE_S = 24 * 60 * 60
MAX_PARAMETERS = 32
SCOPES = (
    "read_all_orders",
    "read_customers",
    "read_inventory",
    "read_orders",
    "read_products",
    "read_shopify_payments_disputes",
    "write_orders",
)
"What the sync reads, and the one thing that is written back: assessments of orders."


def permission_url(
    shop: str, client_id: str, redirect_uri: str, state: str, scopes: Sequence[str] = SCOPES
) -> str:
    """Where the merchant allows the app; ``state`` comes back and must be the same."""
    session = _session(client_id, "")(normal_shop(shop), "unstable")
    return str(session.create_permission_url(list(scopes), redirect_uri, state))


def signature(parameters: Mapping[str, str], secret: str) -> str:
    """The ``hmac`` of a callback's parameters, in hex."""
    return str(_session("", secret).calculate_hmac(dict(parameters)))


def code_of(callback: str, shop: str, secret: str, state: str, now: float) -> str:
    """The authorization code of the address Shopify sent the merchant back to.

    ``now`` is Unix seconds. Raises SignatureRefused for another signature, shop or state, or
    one that is older than a day.
    """
    try:
        pairs = parse_qsl(
            urlsplit(callback).query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS
        )
    except ValueError as error:
        raise SignatureRefused(
            "callback", f"at most {MAX_PARAMETERS} parameters", "more"
        ) from error
    said = dict(pairs)
    if len(said) != len(pairs):
        raise SignatureRefused("callback", "each parameter once", "a repeated one")
    if not _session("", secret).validate_hmac(said):
        raise SignatureRefused("hmac", "the one of these parameters", "another or none")
    timestamp = said.get("timestamp", "")
    if not timestamp.isdigit() or not abs(now - int(timestamp[:12])) <= MAX_AGE_S:
        raise SignatureRefused("timestamp", "less than a day old", timestamp)
    if _shop_of(said) != normal_shop(shop):
        raise SignatureRefused("shop", shop, said.get("shop"))
    if said.get("state") != state:
        raise SignatureRefused("state", "the one that was sent", "another", "Begin again.")
    if not said.get("code"):
        raise SignatureRefused("code", "an authorization code", "none")
    return said["code"]


def _shop_of(said: Mapping[str, str]) -> str | None:
    try:
        return normal_shop(said.get("shop"))
    except ContractError:
        return None


def _session(client_id: str, secret: str) -> type[Session]:
    """ShopifyAPI keeps both on the class: a subclass of its own for each use."""
    return type("OwnSession", (Session,), {"api_key": client_id, "secret": secret})
