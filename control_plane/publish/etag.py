"""Conditional answers: the same bytes are not sent twice."""

import hashlib
from typing import Any

import msgspec
from fastapi import Request, Response


def conditional_json(
    request: Request, value: Any, headers: dict[str, str] | None = None
) -> Response:
    """JSON with a strong ETag, or 304 if the client has it already."""
    body = msgspec.json.encode(value)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**(headers or {}), "ETag": etag}
    known = [each.strip().removeprefix("W/") for each in _if_none_match(request).split(",")]
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _if_none_match(request: Request) -> str:
    return request.headers.get("if-none-match", "")
