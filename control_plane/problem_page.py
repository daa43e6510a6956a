"""An error as a page: for browsers that were sent here and cannot read problem+json."""

import html

from fastapi.responses import HTMLResponse
from starlette.requests import Request

HEADERS = {"Content-Security-Policy": "default-src 'none'", "Cache-Control": "no-store"}


def is_wanted(request: Request) -> bool:
    """Whether an endpoint that people reach by following a link is answering."""
    return bool(getattr(request.state, "page", False))


def problem_page(status: int, title: str, detail: str) -> HTMLResponse:
    """What went wrong, and the way back."""
    title, detail = html.escape(title), html.escape(detail)
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<h1>{title}</h1><p>{detail}</p><p><a href="/console">Back</a></p></html>'
    )
    return HTMLResponse(text, status, headers=HEADERS)
