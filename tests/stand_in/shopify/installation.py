"""An app on a shop: who may ask what, and the tokens it was given."""

import secrets
from dataclasses import dataclass, field

from bentos.shopify_admin.clock import Clock

CLIENT_CREDENTIALS_SECONDS = 86_399
OFFLINE_SECONDS = 3_600
REFRESH_SECONDS = 90 * 86_400
ALL_SCOPES = (
    "read_orders read_all_orders write_orders read_customers write_customers read_products "
    "write_products read_inventory write_inventory read_locations read_discounts write_discounts "
    "read_shopify_payments_disputes read_privacy_settings write_app_proxy write_pixels "
    "read_customer_events"
)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token: what it is good for, and until when by the shop's clock (None: for ever)."""

    text: str
    scopes: frozenset[str]
    expires_at: float | None = None
    level: int = 2
    "Approval for protected customer data: 0 none, 1 without names and addresses, 2 with them."
    outdated: bool = False
    "Of a kind Shopify no longer takes: non-expiring, of a public app."

    def may(self, scope: str) -> bool:
        """Whether a scope was granted; writing includes reading."""
        return scope in self.scopes or scope.replace("read_", "write_", 1) in self.scopes


@dataclass(slots=True)
class Installation:
    """Tokens of one app on the shop."""

    clock: Clock
    client_id: str
    client_secret: str
    scopes: str = ALL_SCOPES
    level: int = 2
    _tokens: dict[str, Token] = field(default_factory=dict)
    # Refresh token → until when; the one it replaces stays good until the new one is used.
    _refresh: dict[str, float] = field(default_factory=dict)
    _replaces: dict[str, str] = field(default_factory=dict)

    def mint(
        self,
        seconds: float | None = None,
        *,
        scopes: str | None = None,
        level: int | None = None,
        outdated: bool = False,
        text: str | None = None,
    ) -> Token:
        """A new access token, good for so many seconds of the shop's clock."""
        ends = None if seconds is None else self.clock.now().timestamp() + seconds
        granted = frozenset((self.scopes if scopes is None else scopes).replace(",", " ").split())
        name = text or f"shpat_{secrets.token_hex(16)}"
        allowed = self.level if level is None else level
        self._tokens[name] = Token(name, granted, ends, allowed, outdated)
        return self._tokens[name]

    def token(self, text: str) -> Token | None:
        """The token, unless it never was one, was revoked or has expired."""
        found = self._tokens.get(text)
        if found is None or (
            found.expires_at is not None and found.expires_at <= self.clock.now().timestamp()
        ):
            return None
        return found

    def revoke(self, text: str) -> bool:
        """Make a token worthless; whether it was one."""
        return self._tokens.pop(text, None) is not None

    def new_refresh_token(self, replaces: str | None = None) -> str:
        """A refresh token; ``replaces`` is good until this one is used."""
        name = f"shprt_{secrets.token_hex(16)}"
        self._refresh[name] = self.clock.now().timestamp() + REFRESH_SECONDS
        if replaces is not None:
            self._replaces[name] = replaces
        return name

    def use_refresh_token(self, name: str) -> bool:
        """Whether a refresh token is good; using it ends the one it replaced."""
        if self._refresh.get(name, 0) <= self.clock.now().timestamp():
            return False
        replaced = self._replaces.pop(name, None)
        if replaced is not None:
            self._refresh.pop(replaced, None)
        return True
