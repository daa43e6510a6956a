"""The cookies of a signed-in browser, and whether a request came from our own pages.

Behind TLS the names carry ``__Host-`` (RFC 6265bis §4.1.3.2), so that no other host of the
domain and no plain connection can set them. Whether there is TLS says ``public_url``, or
without it the scheme of the request as the trusted proxy tells it.
"""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

SESSION = "signalbox_session"
SECURE_PREFIX = "__Host-"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def is_secure(connection: HTTPConnection, public_url: str | None) -> bool:
    """Whether the browser speaks TLS with us or with our proxy."""
    scheme = urlsplit(public_url).scheme if public_url else connection.url.scheme
    return scheme in ("https", "wss")


def read_cookie(connection: HTTPConnection, public_url: str | None, name: str) -> str | None:
    """The cookie's value. Behind TLS an unprefixed one is not looked at: anyone may set it."""
    prefix = SECURE_PREFIX if is_secure(connection, public_url) else ""
    return connection.cookies.get(prefix + name)


def set_cookie(
    response: Response,
    connection: HTTPConnection,
    public_url: str | None,
    name: str,
    value: str,
    *,
    max_age_s: int,
) -> None:
    """Set a cookie no script reads.

    ``SameSite=Lax``: it comes along when somebody follows a link to us, or is sent back by the
    OpenID provider; what changes something is checked by ``is_same_origin`` besides.
    """
    secure = is_secure(connection, public_url)
    response.set_cookie(
        (SECURE_PREFIX if secure else "") + name,
        value,
        max_age=max_age_s,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def drop_cookie(
    response: Response, connection: HTTPConnection, public_url: str | None, name: str
) -> None:
    """Take it from the browser."""
    set_cookie(response, connection, public_url, name, "", max_age_s=0)


def is_same_origin(connection: HTTPConnection, public_url: str | None) -> bool:
    """Whether our own page sent this; False when the browser does not say.

    ``Sec-Fetch-Site`` first, which no page can forge (W3C Fetch Metadata §2.3); older browsers
    send ``Origin`` with everything but GET (RFC 6454 §7).
    """
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = connection.headers.get("origin")
    if origin is None:
        return False
    ours = public_url or f"{connection.url.scheme}://{connection.headers.get('host', '')}"
    return _origin(origin) is not None and _origin(origin) == _origin(ours)


def is_cross_origin(connection: HTTPConnection, public_url: str | None) -> bool:
    """Whether a browser says that somebody else's page sent this."""
    says = "sec-fetch-site" in connection.headers or "origin" in connection.headers
    return says and not is_same_origin(connection, public_url)


def _origin(url: str) -> tuple[bool, str, int | None] | None:
    """Whether it is TLS, host and port; a web socket's origin is its page's."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname or parts.scheme not in DEFAULT_PORTS:
        return None
    return parts.scheme in ("https", "wss"), parts.hostname, port
