"""The control plane as a night sees it: JSON over HTTP, with the trainer's key.

What may pass (no connection, 408, 425, 429, 5xx, a keyed request still under way) becomes a
PassingError; what was refused a DeskError in the control plane's own words.
"""

from types import TracebackType
from typing import Any, Self

import httpx

from training.nightly.errors import DeskError, PassingError

TIMEOUT_S = 30.0
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
MAX_SHOWN = 2000
LONGEST_ASKED_S = 120.0
PAGE = 200


class Desk:
    """An open client; close it, or use it as a context manager."""

    def __init__(self, url: str, key: str, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(
            base_url=url.rstrip("/"),
            headers={"authorization": f"Bearer {key}"},
            timeout=TIMEOUT_S,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of its connections."""
        self._client.close()

    def get(self, path: str, **query: str) -> Any:
        """The answer's JSON; None for 404."""
        response = self._send("GET", path, params=query)
        return None if response.status_code == 404 else self._json(response)

    def post(self, path: str, body: Any, key: str) -> Any:
        """A write that may be sent again: ``key`` is its Idempotency-Key."""
        headers = {"idempotency-key": f'"{key}"'}
        return self._json(self._send("POST", path, json=body, headers=headers))

    def patch(self, path: str, body: Any, key: str, revision: int) -> Any:
        """A change of what was read in ``revision``."""
        headers = {"idempotency-key": f'"{key}"', "if-match": f'"{revision}"'}
        return self._json(self._send("PATCH", path, json=body, headers=headers))

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            response = self._client.request(method, path, **more)
        except httpx.TransportError as error:
            raise PassingError(f"{self._client.base_url}{path}: {error!r}") from error
        if response.status_code in PASSING or _in_flight(response):
            raise PassingError(_said(response), _asked_to_wait(response))
        return response

    def _json(self, response: httpx.Response) -> Any:
        if response.is_success:
            return response.json()
        raise DeskError(_said(response))


def _in_flight(response: httpx.Response) -> bool:
    """The same keyed request is being carried out; other conflicts name no time to wait."""
    return response.status_code == 409 and "retry-after" in response.headers


def _said(response: httpx.Response) -> str:
    request = response.request
    return f"{request.method} {request.url}: {response.status_code} {response.text[:MAX_SHOWN]}"


def _asked_to_wait(response: httpx.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return min(float(text), LONGEST_ASKED_S) if text.isdecimal() else None
