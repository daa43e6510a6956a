"""Is this ID token the provider's, for us, for this sign-in, and in time? Pure.

OpenID Connect Core 1.0 §3.1.3.7. Only signatures with a public key count: ``none`` and HMAC
algorithms are not even looked at (RFC 8725 §3.1), whatever the token's head says.
"""

from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from control_plane.errors import UnauthorizedError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
LEEWAY_S = 30
"""Clocks of two machines may differ by so much."""
MAX_TEXT = 200
Claims = dict[str, Any]


class UnknownKeyError(Exception):
    """Signed with a key that is not among these: the provider may have changed them."""


def verify_id_token(
    token: str,
    keys: KeySet,
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str | None,
    now: datetime,
) -> Claims:
    """The token's claims; raises UnauthorizedError with the reason, or UnknownKeyError."""
    try:
        decoded = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
    except InvalidKeyIdError as error:
        raise UnknownKeyError from error
    except BadSignatureError as error:
        # A token that names no key may be signed with one that came since.
        if "kid" not in jws.extract_compact(token.encode()).headers():
            raise UnknownKeyError from error
        raise refused("its signature is not good") from error
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise refused(f"its signature is not good ({_name(error)})") from error
    claims = CodeIDToken(
        decoded.claims,
        decoded.header,
        {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": client_id},
            "sub": {"essential": True},
        },
        {"nonce": nonce, "client_id": client_id, "access_token": access_token},
    )
    try:
        claims.validate(int(now.timestamp()), LEEWAY_S)
    except (JoseError, ValueError, TypeError) as error:
        raise refused(f"{getattr(error, 'description', None) or _name(error)}") from error
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_TEXT:
        raise refused(f"its sub is no text of 1 to {MAX_TEXT} characters")
    return dict(claims)


def refused(why: str) -> UnauthorizedError:
    """The error for what a provider sent."""
    return UnauthorizedError(f"the OpenID provider's answer was refused: {why}")


def _name(error: Exception) -> str:
    return getattr(error, "error", None) or type(error).__name__
