"""A browser goes to the OpenID provider and comes back with a session.

What binds the two ways is a secret in the browser's own cookie: the database holds its digest
and the state's, once each; nonce and PKCE verifier are derived from it and kept nowhere.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, delete, func, select

from bentos.contract.errors import ContractError
from control_plane import clock
from control_plane.db import Database, WriteSession
from control_plane.errors import ForbiddenError, UnauthorizedError
from control_plane.people import identities, service, sessions
from control_plane.people.id_token import Claims
from control_plane.people.models import OidcLoginRow, PersonRow
from control_plane.people.oidc_settings import OidcSettings
from control_plane.people.provider import Exchange, Provider
from control_plane.people.sessions import Lifetime, SignedIn
from control_plane.principal import Principal, Role, Source, system

METHOD = "oidc"
LOGIN_S = 600.0
"""How long somebody may take at the provider, in seconds."""
MAX_LOGINS = 1000
_RETURN_TO = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,400}")
_NO_LOGIN = "this sign-in was not begun in this browser, took too long or is done: begin again"


@dataclass(frozen=True)
class Begun:
    """Where the browser goes, and the secret its cookie keeps."""

    url: str
    browser_secret: str


@dataclass(frozen=True)
class Finished:
    """A session, and the page that was wanted."""

    signed_in: SignedIn
    return_to: str


@dataclass(frozen=True)
class Returned:
    """What the browser brings back in the query (RFC 6749 §4.1.2, RFC 9207)."""

    state: str
    code: str | None
    error: str | None
    issuer: str | None


def begin(database: Database, provider: Provider, redirect_uri: str, return_to: str) -> Begun:
    """Send a browser away. Raises ContractError, ProviderError, BusyError."""
    if not _RETURN_TO.fullmatch(return_to):
        raise ContractError("return_to", "a path of this control plane", return_to)
    state, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    url = provider.authorization_url(
        redirect_uri=redirect_uri,
        state=state,
        nonce=_derived(browser, "nonce"),
        verifier=_derived(browser, "verifier"),
    )
    row = OidcLoginRow(
        state_digest=_digest(state),
        browser_digest=_digest(browser),
        return_to=return_to,
        expires_at=clock.later(LOGIN_S),
    )
    with database.write() as session:
        _make_room(session)
        session.add(row)
    return Begun(url, browser)


def finish(
    database: Database,
    provider: Provider,
    returned: Returned,
    browser: str | None,
    *,
    redirect_uri: str,
    lifetime: Lifetime,
    source: Source,
) -> Finished:
    """Take a browser back. Raises UnauthorizedError, ForbiddenError, ProviderError."""
    if browser is None:
        raise UnauthorizedError(_NO_LOGIN)
    return_to = _take(database, returned, browser)
    if returned.issuer is not None and returned.issuer != provider.issuer:
        raise UnauthorizedError("the answer is another provider's: begin again")
    if returned.error is not None or returned.code is None:
        why = re.sub(r"[^a-z_]", "", returned.error or "no_code")[:60]
        raise UnauthorizedError(f"the provider did not sign you in: {why}")
    exchange = Exchange(
        returned.code, redirect_uri, _derived(browser, "verifier"), _derived(browser, "nonce")
    )
    claims = provider.claims(exchange)
    with database.write() as session:
        person = _person(session, provider, claims)
        return Finished(sessions.begin(session, person, METHOD, lifetime, source), return_to)


def _take(database: Database, returned: Returned, browser: str) -> str:
    """Use up the sign-in that was begun: a state is good once, for its own browser."""
    with database.write() as session:
        row = session.get(OidcLoginRow, _digest(returned.state))
        if row is None or not hmac.compare_digest(row.browser_digest, _digest(browser)):
            raise UnauthorizedError(_NO_LOGIN)
        return_to, expires_at = row.return_to, row.expires_at
        session.delete(row)
    # Committed: whatever comes next, it cannot be tried a second time.
    if expires_at <= clock.now():
        raise UnauthorizedError(_NO_LOGIN)
    return return_to


def _person(session: WriteSession, provider: Provider, claims: Claims) -> PersonRow:
    """Whom the claims are about, with the roles the provider gives them."""
    settings, subject = provider.settings, str(claims["sub"])
    _check_domain(settings, claims)
    roles = _roles(settings, claims)
    person = identities.person_of(session, provider.issuer, subject)
    if person is None:
        if not settings.oidc_auto_provision:
            raise ForbiddenError(
                f"nobody here is linked to you at {provider.issuer}; an admin can: "
                f"signalbox people link PERSON --subject {subject}"
            )
        person = _provision(session, provider.issuer, claims, roles or [Role.VIEWER.value])
    if person.disabled_at is not None:
        raise ForbiddenError(f"person {person.id} is disabled")
    if roles is not None and person.roles != roles:
        service.set_roles(session, _actor(), person, roles)
    return person


def _check_domain(settings: OidcSettings, claims: Claims) -> None:
    if not settings.oidc_allowed_domains:
        return
    email = claims.get("email")
    domain = email.rpartition("@")[2].lower() if isinstance(email, str) else ""
    if claims.get("email_verified") is not True or domain not in settings.oidc_allowed_domains:
        raise ForbiddenError(
            "your e-mail address is not verified by the provider, or of no domain let in here"
        )


def _roles(settings: OidcSettings, claims: Claims) -> list[str] | None:
    """What the provider's groups give; None when roles are given here."""
    if settings.oidc_role_claim is None:
        return None
    groups: Any = claims.get(settings.oidc_role_claim, [])
    groups = [groups] if isinstance(groups, str) else groups
    known = groups if isinstance(groups, list) else []
    roles = {settings.oidc_roles[each] for each in known if each in settings.oidc_roles}
    if not roles:
        raise ForbiddenError(
            f"none of your groups at the provider ({settings.oidc_role_claim}) has a role here"
        )
    return sorted(role.value for role in roles)


def _provision(session: WriteSession, issuer: str, claims: Claims, roles: list[str]) -> PersonRow:
    """A new person. Never one that exists: a name at the provider proves nothing here."""
    subject = str(claims["sub"])
    told = str(claims.get("preferred_username") or claims.get("email") or "").lower()
    person_id = told if service.is_person_id(told) else ""
    if not person_id or session.get(PersonRow, person_id) is not None:
        person_id = "oidc-" + _digest(f"{issuer}\x1f{subject}")[:16]
    if session.get(PersonRow, person_id) is not None:
        raise ForbiddenError(
            f"an admin unlinked you from {person_id}; an admin can link you again: "
            f"signalbox people link {person_id} --subject {subject}"
        )
    name = str(claims.get("name") or told or person_id)[:200]
    person = service.create_person(session, _actor(), person_id, name, roles)
    identities.link(session, _actor(), person.id, issuer, subject)
    return person


def _make_room(session: WriteSession) -> None:
    session.exec(delete(OidcLoginRow).where(col(OidcLoginRow.expires_at) <= clock.now()))
    if session.exec(select(func.count()).select_from(OidcLoginRow)).one() >= MAX_LOGINS:
        oldest = select(OidcLoginRow).order_by(col(OidcLoginRow.expires_at)).limit(MAX_LOGINS // 10)
        for row in session.exec(oldest):
            session.delete(row)
        session.flush()


def _actor() -> Principal:
    return system("oidc")


def _derived(browser: str, purpose: str) -> str:
    """43 characters, as PKCE wants at least (RFC 7636 §4.1)."""
    digest = hmac.digest(browser.encode(), purpose.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
