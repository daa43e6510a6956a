"""Speaks with the OpenID provider: discovery, authorisation code with PKCE, keys, user info.

Whatever is wrong with it, only signing in through it fails: answers are bounded in size, time
and number at once, and after a failure the next seconds fail without asking.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.discovery import get_well_known_url
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bentos.contract.errors import ContractError
from control_plane.errors import BusyError, ProviderError
from control_plane.people.id_token import Claims, UnknownKeyError, refused, verify_id_token
from control_plane.people.oidc_settings import OidcSettings, is_safe_url

TIMEOUT_S = 5.0
MAX_BYTES = 1024 * 1024
AT_ONCE = 4
"""Requests of a process to the provider at the same time, so that it cannot hold up the rest."""
KEPT_S = 3600.0
"""How long what the provider says of itself, and its keys, are believed."""
KEYS_AGAIN_S = 10.0
"""An unknown key makes us ask for the keys again, but not more often than this."""
REST_S = 3.0
"""After a failure nobody asks for so long."""
UNKNOWN_CLIENT = 401
"""Of the token endpoint alone (RFC 6749 §5.2)."""
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
OPTIONAL_ENDPOINTS = ("userinfo_endpoint", "end_session_endpoint")
_T = TypeVar("_T")


@dataclass(frozen=True)
class Exchange:
    """What the browser brought back, and what it was sent away with."""

    code: str
    redirect_uri: str
    verifier: str
    nonce: str


@dataclass
class _Kept:
    value: Any
    at: float


class Provider:
    """The one of the settings. Used from many threads."""

    def __init__(self, settings: OidcSettings, clock: Callable[[], float] = time.monotonic) -> None:
        assert settings.oidc_issuer is not None
        self.settings = settings
        self.issuer: str = settings.oidc_issuer
        self._clock = clock
        self._secret = _read_secret(settings)
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._kept: dict[str, _Kept] = {}
        self._failed: tuple[float, str] | None = None
        self._lock = threading.Lock()
        # No connection is kept: sign-ins are rare, and a provider may be replaced.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, limits=limits)

    def authorization_url(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Where the browser is sent to sign in."""
        query = {
            "response_type": "code",
            "client_id": self.settings.oidc_client_id,
            "redirect_uri": redirect_uri,
            "scope": self.settings.oidc_scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        return _with_query(self.metadata()["authorization_endpoint"], query)

    def sign_out_url(self, back_to: str) -> str | None:
        """Where the browser ends the provider's own session; None if it offers no such place."""
        endpoint = self.metadata().get("end_session_endpoint")
        if endpoint is None:
            return None
        query = {"client_id": self.settings.oidc_client_id, "post_logout_redirect_uri": back_to}
        return _with_query(endpoint, query)

    def claims(self, exchange: Exchange) -> Claims:
        """Who signed in: the ID token's claims, with those of the user info where it lacks them.

        Raises UnauthorizedError when the provider refuses the code or its token is not good,
        ProviderError when it cannot be spoken to.
        """
        tokens = self._tokens(exchange)
        id_token, access_token = tokens.get("id_token"), tokens.get("access_token")
        if not isinstance(id_token, str):
            raise refused("it holds no ID token")
        access = access_token if isinstance(access_token, str) else None
        claims = self._verified(id_token, access, exchange.nonce)
        return self._user_info(claims, access) | claims

    def metadata(self) -> dict[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery 1.0 §4), checked."""
        return self._keep("metadata", KEPT_S, self._discover)

    def _discover(self) -> dict[str, Any]:
        found = self._get(get_well_known_url(self.issuer, external=True))
        if found.get("issuer") != self.issuer:
            told = str(found.get("issuer"))[:200]
            raise ProviderError(f"the provider calls itself {told}, expected {self.issuer}")
        for name in ENDPOINTS + OPTIONAL_ENDPOINTS:
            url = found.get(name)
            if url is None and name in OPTIONAL_ENDPOINTS:
                continue
            if not isinstance(url, str) or not is_safe_url(url):
                raise ProviderError(f"the provider names no safe {name}")
        return found

    def _keys(self, max_age_s: float) -> KeySet:
        def ask() -> KeySet:
            try:
                return KeySet.import_key_set(self._get(self.metadata()["jwks_uri"]))  # type: ignore[arg-type]
            except (JoseError, ValueError, TypeError, KeyError) as error:
                raise ProviderError("the provider's keys cannot be read") from error

        return self._keep("keys", max_age_s, ask)

    def _tokens(self, exchange: Exchange) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": exchange.code,
            "redirect_uri": exchange.redirect_uri,
            "code_verifier": exchange.verifier,
        }
        metadata = self.metadata()
        methods = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        basic = self._secret is not None and "client_secret_basic" in methods
        if not basic:
            form["client_id"] = self.settings.oidc_client_id
            if self._secret is not None:
                form["client_secret"] = self._secret
        auth = (self.settings.oidc_client_id, self._secret or "") if basic else None
        return self._ask(
            lambda client: client.build_request("POST", metadata["token_endpoint"], data=form),
            auth=auth,
            refusal="it does not take the code",
        )

    def _verified(self, id_token: str, access_token: str | None, nonce: str) -> Claims:
        def verify(keys: KeySet) -> Claims:
            return verify_id_token(
                id_token,
                keys,
                issuer=self.issuer,
                client_id=self.settings.oidc_client_id,
                nonce=nonce,
                access_token=access_token,
                now=datetime.now(UTC),
            )

        try:
            return verify(self._keys(KEPT_S))
        except UnknownKeyError:
            # The provider has changed its keys since; or somebody made this one up.
            try:
                return verify(self._keys(KEYS_AGAIN_S))
            except UnknownKeyError as error:
                raise refused("it is signed with a key that is not the provider's") from error

    def _user_info(self, claims: Claims, access_token: str | None) -> Claims:
        """Claims some providers only tell when asked; nothing when there is no need."""
        wanted = {self.settings.oidc_role_claim} if self.settings.oidc_role_claim else set()
        if self.settings.oidc_allowed_domains:
            wanted |= {"email", "email_verified"}
        endpoint = self.metadata().get("userinfo_endpoint")
        if wanted <= claims.keys() or endpoint is None or access_token is None:
            return {}
        found = self._get(endpoint, {"Authorization": f"Bearer {access_token}"})
        # OpenID Connect Core 1.0 §5.3.2: else it is somebody else's.
        if found.get("sub") != claims["sub"]:
            raise refused("its user info is about somebody else")
        return found

    def _get(self, url: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
        return self._ask(lambda client: client.build_request("GET", url, headers=headers))

    def _keep(self, name: str, max_age_s: float, ask: Callable[[], _T]) -> _T:
        with self._lock:
            kept = self._kept.get(name)
        if kept is not None and self._clock() - kept.at < max_age_s:
            value: _T = kept.value
            return value
        value = ask()
        with self._lock:
            self._kept[name] = _Kept(value, self._clock())
        return value

    def _ask(
        self,
        build: Callable[[httpx.Client], httpx.Request],
        auth: tuple[str, str] | None = None,
        refusal: str | None = None,
    ) -> dict[str, Any]:
        """One request, answered with a JSON object. ``refusal``: what a 4xx is taken for."""
        failed = self._failed
        if failed is not None and self._clock() - failed[0] < REST_S:
            raise ProviderError(failed[1])
        if not self._turns.acquire(blocking=False):
            raise BusyError("too many are signing in through the provider; try again", 1)
        try:
            answer = _bounded(self._client, build(self._client), auth)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._failure(f"it cannot be reached ({type(error).__name__})") from error
        finally:
            self._turns.release()
        if refusal is not None and answer.status_code == UNKNOWN_CLIENT:
            raise ProviderError(
                "the provider does not know us: SIGNALBOX_OIDC_CLIENT_ID and "
                "SIGNALBOX_OIDC_CLIENT_SECRET_FILE are to be those it gave us"
            )
        if refusal is not None and 400 <= answer.status_code < 500:
            raise refused(refusal)
        try:
            body = answer.json()
        except ValueError as error:
            raise self._failure("it does not answer JSON") from error
        if answer.status_code != 200 or not isinstance(body, dict):
            raise self._failure(f"it answered {answer.status_code}")
        self._failed = None
        return body

    def _failure(self, why: str) -> ProviderError:
        text = f"{why}; passwords and keys go on working, or try again"
        detail = f"signing in through {self.issuer}: {text}"
        self._failed = (self._clock(), detail)
        return ProviderError(detail)


def make_provider(settings: OidcSettings, public_url: str | None) -> Provider | None:
    """The provider of the settings, or None; raises ContractError for a half-set one."""
    if settings.oidc_issuer is None:
        return None
    if public_url is None:
        raise ContractError(
            "SIGNALBOX_PUBLIC_URL", "where browsers find us, beside SIGNALBOX_OIDC_ISSUER", None
        )
    try:
        return Provider(settings)
    except OSError as error:
        path = settings.oidc_client_secret_file
        raise ContractError(
            "SIGNALBOX_OIDC_CLIENT_SECRET_FILE", "a readable file", str(path)
        ) from error


def _bounded(
    client: httpx.Client, request: httpx.Request, auth: tuple[str, str] | None
) -> httpx.Response:
    """The answer, read whole; raises HTTPError for one that is too large or never ends."""
    end = time.monotonic() + TIMEOUT_S
    answer = client.send(request, stream=True, auth=auth)
    try:
        body = bytearray()
        for part in answer.iter_raw():
            body += part
            if len(body) > MAX_BYTES or time.monotonic() > end:
                raise httpx.ReadError("the answer is too large or too slow")
    finally:
        answer.close()
    return httpx.Response(answer.status_code, content=bytes(body))


def _read_secret(settings: OidcSettings) -> str | None:
    path = settings.oidc_client_secret_file
    return path.read_text(encoding="utf-8").strip() if path is not None else None


def _with_query(url: str, query: dict[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"
