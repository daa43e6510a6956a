"""HTTP of signing in through the OpenID provider: away, and back."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import RedirectResponse

from bentos.contract.register import Action
from control_plane.auth import source_of
from control_plane.errors import NotFoundError
from control_plane.parts import Parts, Running
from control_plane.people import cookies, oidc_sign_in
from control_plane.people.answers import Methods
from control_plane.people.oidc_sign_in import Returned
from control_plane.people.provider import Provider
from control_plane.people.session_endpoints import end_previous, give_cookie, lifetime
from control_plane.router import Router

router = Router(prefix="/api/v1/session")
LOGIN_COOKIE = "signalbox_login"
SEE_OTHER = 303
CALLBACK = "/api/v1/session/oidc/callback"
Text = Annotated[str | None, Query(max_length=4096)]


@router.get("/methods")
def get_methods(parts: Running) -> Methods:
    """How one may sign in here; no key is needed to ask."""
    provider = parts.provider
    oidc = None
    if provider is not None:
        oidc = {"name": provider.settings.oidc_name, "start": "/api/v1/session/oidc"}
    return {"password": True, "oidc": oidc}


@router.get("/oidc", status_code=SEE_OTHER)
def get_oidc(request: Request, parts: Running, return_to: str = "/console") -> RedirectResponse:
    """Send the browser to the provider; it comes back to ``return_to``."""
    request.state.page = True
    provider, public_url = _provider(parts)
    begun = oidc_sign_in.begin(parts.database, provider, public_url + CALLBACK, return_to)
    response = RedirectResponse(begun.url, SEE_OTHER)
    cookies.set_cookie(
        response,
        request,
        public_url,
        LOGIN_COOKIE,
        begun.browser_secret,
        max_age_s=int(oidc_sign_in.LOGIN_S),
    )
    return response


@router.get("/oidc/callback", status_code=SEE_OTHER)
def get_callback(
    request: Request,
    parts: Running,
    state: Annotated[str, Query(max_length=200)],
    code: Text = None,
    error: Text = None,
    iss: Text = None,
) -> RedirectResponse:
    """Where the provider sends the browser back to: signed in, or told why not."""
    request.state.page = True
    request.state.attempt = (Action.SESSION_CREATE, "session")
    provider, public_url = _provider(parts)
    finished = oidc_sign_in.finish(
        parts.database,
        provider,
        Returned(state, code, error, iss),
        cookies.read_cookie(request, public_url, LOGIN_COOKIE),
        redirect_uri=public_url + CALLBACK,
        lifetime=lifetime(parts.settings),
        source=source_of(request),
    )
    end_previous(request, finished.signed_in.principal)
    response = RedirectResponse(finished.return_to, SEE_OTHER)
    give_cookie(request, response, finished.signed_in)
    cookies.drop_cookie(response, request, public_url, LOGIN_COOKIE)
    return response


def _provider(parts: Parts) -> tuple[Provider, str]:
    if parts.provider is None or parts.settings.public_url is None:
        raise NotFoundError("no OpenID provider is set here: sign in with a password")
    return parts.provider, parts.settings.public_url
