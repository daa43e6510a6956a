"""Which web pages may read an answer.

API keys are for servers, so by default no page may. A publishable key opens its own origins.
Checkout extensions run in a worker whose origin is null or changes, so their door is open to
every page: the session token, not the origin, is what lets a caller in. No answer ever allows
credentials, and the app proxy needs no rule, since it is on the shop's own origin.
"""

from msgspec import structs

from gateway.errors import Forbidden
from gateway.reply import Headers, Reply

# Two hours, which is as long as browsers keep a preflight's answer.
MAX_AGE_S = 7200
_ALLOW_ORIGIN = b"access-control-allow-origin"
_READABLE = (
    b"x-signalbox-decision-id, x-signalbox-model-version, x-signalbox-variant, "
    b"x-signalbox-reason, x-signalbox-revision, x-signalbox-personalised, retry-after"
)
_PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"POST"),
    (
        b"access-control-allow-headers",
        b"Authorization, Content-Type, X-Signalbox-Consent, X-Request-Timeout-Ms",
    ),
    (b"access-control-max-age", str(MAX_AGE_S).encode()),
]
_ANY: Headers = [(_ALLOW_ORIGIN, b"*")]


def preflight(allowed: frozenset[bytes] | None, origin: bytes) -> Reply:
    """Answer an OPTIONS; ``allowed`` None means every page. Raises Forbidden for the others."""
    return Reply(204, [*_allow(allowed, origin, required=True), *_PREFLIGHT], b"")


def readable(reply: Reply, allowed: frozenset[bytes] | None, origin: bytes) -> Reply:
    """The reply with what lets a page of ``origin`` read it, if it may."""
    allow = _allow(allowed, origin, required=False)
    if not allow:
        return reply
    exposed = (b"access-control-expose-headers", _READABLE)
    return structs.replace(reply, headers=[*reply.headers, *allow, exposed])


def _allow(allowed: frozenset[bytes] | None, origin: bytes, *, required: bool) -> Headers:
    if allowed is None:
        return _ANY
    if origin in allowed:
        return [(_ALLOW_ORIGIN, origin), (b"vary", b"Origin")]
    if required:
        shown = origin.decode("latin-1")[:100]
        raise Forbidden(f"origin: expected one that a publishable key is for, got {shown!r}")
    return []
