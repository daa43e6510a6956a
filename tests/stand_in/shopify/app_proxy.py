"""A storefront's call as Shopify's app proxy hands it to the app: signed, without cookies.

Rules of shopify.dev/docs/apps/build/online-store/app-proxies/authenticate-app-proxies.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

import aiohttp

STRIPPED = frozenset({"cookie", "set-cookie", "host", "connection", "content-length"})
"Shopify passes no cookies either way; the rest belongs to one hop."
Pairs = Sequence[tuple[str, str]]


class Proxy(NamedTuple):
    """The app's ``[app_proxy]``: ``/apps/ml/x`` of the shop is ``url`` + ``/x``."""

    url: str
    prefix: str = "apps"
    subpath: str = "ml"

    @property
    def path(self) -> str:
        """Where the shop has it: the ``path_prefix`` of every call."""
        return f"/{self.prefix}/{self.subpath}"


class Visit(NamedTuple):
    """What Shopify adds of its own to a call. ``customer`` is empty for the anonymous."""

    shop: str
    path_prefix: str
    timestamp: int
    customer: str = ""

    def pairs(self) -> list[tuple[str, str]]:
        """In the order Shopify appends them."""
        return [
            ("shop", self.shop),
            ("logged_in_customer_id", self.customer),
            ("path_prefix", self.path_prefix),
            ("timestamp", str(self.timestamp)),
        ]


def signature(pairs: Pairs, secret: str) -> str:
    """Hex HMAC of sorted ``key=value`` without separators; repeated keys joined with commas."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    message = "".join(sorted(f"{name}={','.join(each)}" for name, each in values.items()))
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def signed_query(query: str, visit: Visit, secret: str) -> str:
    """The caller's query string with what Shopify adds, signature last."""
    pairs = [*parse_qsl(query, keep_blank_values=True), *visit.pairs()]
    return urlencode([*pairs, ("signature", signature(pairs, secret))])


def passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers without what Shopify strips."""
    return {name: value for name, value in headers.items() if name.lower() not in STRIPPED}


class Forwarded(NamedTuple):
    """What the app answered."""

    status: int
    headers: dict[str, str]
    body: bytes


class Call(NamedTuple):
    """A storefront's request below the proxy's path."""

    method: str
    rest: str
    query: str
    headers: Mapping[str, str]
    body: bytes


async def forward(
    connections: aiohttp.ClientSession, proxy: Proxy, call: Call, visit: Visit, secret: str
) -> Forwarded:
    """Hand a storefront's call to the app. Raises aiohttp.ClientError or TimeoutError."""
    address = f"{proxy.url}{call.rest}?{signed_query(call.query, visit, secret)}"
    sent = connections.request(
        call.method,
        address,
        data=call.body or None,
        headers=passed_on(call.headers),
        allow_redirects=False,
    )
    async with sent as response:
        body = await response.read()
        return Forwarded(response.status, passed_on(response.headers), body)
