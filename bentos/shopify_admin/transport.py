"""HTTP to a shop, with a limit on everything: what the library's own transport lacks.

Times here are real ones: a network does not run on an accelerated clock.
"""

import logging
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import httpx

from bentos.contract.errors import ContractError
from bentos.contract.shopify import normal_shop

CONNECT_S = 5.0
READ_S = 15.0
"Between two pieces of an answer; Shopify itself gives up after 10 s (504)."
TOTAL_S = 45.0
"For a whole answer, however steadily it drips."
MAX_REPLY_BYTES = 16 * 1024 * 1024
DRIP_S = 60.0
DRIP_BYTES = 64 * 1024
"Of a bulk result: fewer in so many seconds of waiting, and the connection is given up."
CONNECTIONS = 8
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes that one exchange may take."""

    connect_s: float = CONNECT_S
    read_s: float = READ_S
    total_s: float = TOTAL_S
    reply_bytes: int = MAX_REPLY_BYTES
    drip_s: float = DRIP_S
    drip_bytes: int = DRIP_BYTES


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Lost(Exception):
    """No whole answer came. ``arrived``: the request may have reached the other side."""

    def __init__(self, what: str, *, arrived: bool) -> None:
        self.arrived = arrived
        super().__init__(what)


class _WithoutQuery(logging.Filter):
    """The address of a bulk result is signed: who reads its query can read every order.

    httpx logs each request's address at level INFO.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                each.copy_with(query=None) if isinstance(each, httpx.URL) else each
                for each in record.args
            )
        return True


logging.getLogger("httpx").addFilter(_WithoutQuery("httpx"))


def site_of(shop: str, site: str | None = None) -> str:
    """Where a shop answers: https, or plain http on this very machine; raises ContractError."""
    address = (site or f"https://{normal_shop(shop)}").rstrip("/")
    parts = urlsplit(address)
    if parts.path or parts.query or not _may_carry_secrets(parts.scheme, parts.hostname):
        expected = "https://<host>, or http:// on a loopback address"
        raise ContractError("site", expected, address, "A token must not travel in clear.")
    return address


def is_private_enough(url: str) -> bool:
    """Whether an address may be asked at all: https, or this very machine."""
    parts = urlsplit(url)
    return _may_carry_secrets(parts.scheme, parts.hostname)


def _may_carry_secrets(scheme: str, host: str | None) -> bool:
    return bool(host) and (scheme == "https" or (scheme == "http" and host in _LOOPBACK))


@cache
def _tls() -> ssl.SSLContext:
    """One for all: it takes longer to make than a request does."""
    return httpx.create_ssl_context()


class Transport:
    """Connections that are kept and shared by threads; redirects are not followed."""

    def __init__(self, limits: Limits = Limits()) -> None:
        self.limits = limits
        self._client = httpx.Client(
            timeout=httpx.Timeout(
                connect=limits.connect_s,
                read=limits.read_s,
                write=limits.read_s,
                pool=limits.total_s,
            ),
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
            follow_redirects=False,
            verify=_tls(),
            headers={"User-Agent": "signalbox"},
            # A proxy of the environment is for the world outside, not for this machine.
            mounts={f"http://{host}": None for host in ("127.0.0.1", "localhost", "[::1]")},
        )

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Reply:
        """One exchange, whole within the limits; raises Lost."""
        began = time.monotonic()
        try:
            with self._client.stream("POST", url, content=content, headers=headers) as answer:
                body = self._whole(answer, began + self.limits.total_s)
                return Reply(answer.status_code, answer.headers, body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Lost(f"no connection ({type(error).__name__})", arrived=False) from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise Lost(f"no whole answer ({type(error).__name__})", arrived=True) from error

    def get(self, url: str, headers: Mapping[str, str]) -> "httpx.Response":
        """An answer whose body is still to be read and closed; raises Lost."""
        request = self._client.build_request("GET", url, headers=headers)
        try:
            return self._client.send(request, stream=True)
        except httpx.TransportError as error:
            raise Lost(f"no answer ({type(error).__name__})", arrived=False) from error

    def _whole(self, answer: httpx.Response, until: float) -> bytes:
        pieces, length = [], 0
        for piece in self._pieces(answer, until):
            pieces.append(piece)
            length += len(piece)
            if length > self.limits.reply_bytes:
                raise Lost(f"more than {self.limits.reply_bytes} bytes of answer", arrived=True)
        return b"".join(pieces)

    def _pieces(self, answer: httpx.Response, until: float) -> Iterator[bytes]:
        for piece in answer.iter_bytes():
            yield piece
            if time.monotonic() > until:
                raise Lost(f"no whole answer in {self.limits.total_s:g} s", arrived=True)
