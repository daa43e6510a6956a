"""The pages for who is not signed in yet. Plain HTML: no websocket is open to strangers."""

import asyncio
from html import escape
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from control_plane.auth import by_session
from control_plane.errors import UnauthorizedError

ENDED = "Your session is over. Nothing you had sent was lost; what you had not, was not done."
_PAGE = Template("""<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<title>$title · Signalbox</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="$root/favicon.ico">
<link rel="stylesheet" href="$root/style.css">
</head>
<body data-root="$root">
<main class="entry">
<p class="brand"><svg viewBox="0 0 26 22" aria-hidden="true">
<path d="M1 16h24M6 16c8 0 7-11 13-11h6" fill="none" stroke="currentColor" stroke-width="2.4"/>
</svg>Signalbox</p>
<div class="panel">
<h1>$title</h1>
$notice
<div id="problem" class="problem" role="alert"></div>
$form
</div>
</main>
<script src="$root/entry.js"></script>
</body>
</html>
""")
_FIELD = Template("""<label class="field"><span class="label">$label</span>
<input class="input" name="$name" type="$type" autocomplete="$fill" autocapitalize="none" required>
</label>
""")
_FORM = Template("""<form id="$id">
$fields<button class="button primary">$button</button>
</form>""")
# name, label, type, what browsers fill in
_SIGN_IN = (
    ("person", "Person", "text", "username"),
    ("password", "Password", "password", "current-password"),
)
_CHOOSE = (
    ("current", "Present or one-time password", "password", "current-password"),
    ("fresh", "New password", "password", "new-password"),
    ("again", "New password again", "password", "new-password"),
)


async def sign_in(request: Request) -> HTMLResponse:
    """Person and password."""
    ended = "ended" in request.query_params
    notice = f'<p class="notice" role="status">{escape(ENDED)}</p>' if ended else ""
    return _page(request, "Sign in", _form("sign-in", _SIGN_IN, "Sign in"), notice)


async def known(request: Request) -> Response:
    """204 for who is signed in already, else 200: nothing is asked for, so nothing is denied."""
    parts, visitor = request.state.parts, request.state.visitor
    try:
        await asyncio.to_thread(by_session, parts, visitor.token, visitor.now())
    except UnauthorizedError:
        return Response(status_code=200)
    return Response(status_code=204)


async def password(request: Request) -> HTMLResponse:
    """A password of one's own, which is all that a one-time password is good for."""
    text = "It ends your sessions elsewhere and begins a new one here."
    form = _form("password", _CHOOSE, "Keep this password")
    return _page(request, "Choose a password", form, f'<p class="notice">{text}</p>')


def _form(name: str, fields: tuple[tuple[str, str, str, str], ...], button: str) -> str:
    drawn = (_FIELD.substitute(name=n, label=text, type=t, fill=f) for n, text, t, f in fields)
    return _FORM.substitute(id=name, fields="".join(drawn), button=button)


def _page(request: Request, title: str, form: str, notice: str) -> HTMLResponse:
    root = escape(request.scope.get("root_path", ""), quote=True)
    text = _PAGE.substitute(title=escape(title), root=root, form=form, notice=notice)
    return HTMLResponse(text, headers={"Cache-Control": "no-store"})


ROUTES = {"/sign-in": sign_in, "/sign-in/known": known, "/password": password}
