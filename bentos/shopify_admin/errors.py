"""What can go wrong between us and a shop's Admin API, and what to do about it.

Every message says what happened and what to do; none holds a token, a secret, a signed
address or a customer's data.
"""

from collections.abc import Sequence
from typing import Any


class ShopifyError(Exception):
    """Anything Shopify refused or could not do. ``hint`` says what to do."""

    def __init__(self, what: str, hint: str = "") -> None:
        self.what = what
        self.hint = hint
        super().__init__(f"{what}. {hint}" if hint else what)


class Unavailable(ShopifyError):
    """No good answer within the client's patience. ``maybe_done``: a mutation may have taken."""

    def __init__(self, what: str, hint: str = "", *, maybe_done: bool = False) -> None:
        self.maybe_done = maybe_done
        super().__init__(what, hint)


class Unauthorized(ShopifyError):
    """The token or the credentials are not taken (401), also after renewing them."""


class AccessDenied(ShopifyError):
    """The app lacks a scope or an approval (ACCESS_DENIED, 403, protected customer data)."""

    def __init__(self, what: str, hint: str = "", required: str = "") -> None:
        self.required = required
        super().__init__(what, hint)


class ShopClosed(ShopifyError):
    """The shop is frozen for an unpaid bill (402), locked (423) or not there (404)."""

    def __init__(self, what: str, hint: str, status: int) -> None:
        self.status = status
        super().__init__(what, hint)


class TooExpensive(ShopifyError):
    """One query asks for more than Shopify lets any one query cost (1000 points)."""

    def __init__(self, what: str, hint: str, cost: float) -> None:
        self.cost = cost
        super().__init__(what, hint)


class Refused(ShopifyError):
    """The document was answered with errors. ``codes``: those Shopify gave, as it spells them.

    ``errors`` are the entries of ``errors`` or ``userErrors`` as they came, ``data`` what came
    along with them.
    """

    def __init__(
        self,
        what: str,
        codes: Sequence[str],
        errors: Sequence[Any] = (),
        data: dict[str, Any] | None = None,
    ) -> None:
        self.codes = tuple(codes)
        self.errors = tuple(errors)
        self.data = data
        super().__init__(what)


class ResultExpired(ShopifyError):
    """A bulk operation's result can no longer be fetched: signed for seven days, then gone."""
