"""Speaks HTTP with an upstream GrowthBook: conditional GET, and its stream.

Its SDK endpoints are signed by nobody, so TLS is what tells who answers, and redirects are not
followed. Nothing is waited for without an end, nothing is read without a limit.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

from control_plane.follow.events import Event, read_events
from control_plane.follow.payload import MAX_BYTES, RefusedError

CONNECT_S = 5.0
FETCH_S = 30.0
OK, NOT_MODIFIED = 200, 304


class UpstreamError(Exception):
    """It did not answer as it should; it says what happened, never the address asked."""


@dataclass(frozen=True)
class Fetched:
    """``body`` None: nothing new. ``streams``: whether it says that it has a stream."""

    body: bytes | None
    etag: str
    streams: bool


class Upstream:
    """One upstream, with its key; the key stands in the path, as the SDKs send it."""

    def __init__(self, url: str, client_key: str, silence_s: float) -> None:
        self._url = url
        self._key = client_key
        timeout = httpx.Timeout(silence_s, connect=CONNECT_S)
        self._client = httpx.AsyncClient(timeout=timeout, follow_redirects=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def fetch(self, etag: str) -> Fetched:
        """The payload unless it is still the one under ``etag``; raises UpstreamError,
        RefusedError."""
        headers = {"If-None-Match": etag} if etag else {}
        url = f"{self._url}/api/features/{self._key}"
        try:
            async with (
                asyncio.timeout(FETCH_S),
                self._client.stream("GET", url, headers=headers) as answer,
            ):
                streams = answer.headers.get("x-sse-support") == "enabled"
                if answer.status_code == NOT_MODIFIED and etag:
                    return Fetched(None, etag, streams)
                if answer.status_code != OK:
                    raise UpstreamError(f"it answered {answer.status_code}")
                body = await _bounded(answer)
                return Fetched(body, answer.headers.get("etag", ""), streams)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            # The text of some of these names the address, and the key in it.
            raise UpstreamError(type(error).__name__) from None

    async def events(self) -> AsyncIterator[Event]:
        """Its stream, from its opening (an event without a name) to its end."""
        url = f"{self._url}/sub/{self._key}"
        headers = {"Accept": "text/event-stream"}
        try:
            async with self._client.stream("GET", url, headers=headers) as answer:
                if answer.status_code != OK:
                    raise UpstreamError(f"its stream answered {answer.status_code}")
                yield Event("", b"")
                async for event in read_events(answer.aiter_bytes()):
                    yield event
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UpstreamError(type(error).__name__) from None


async def _bounded(answer: httpx.Response) -> bytes:
    pieces, size = [], 0
    async for piece in answer.aiter_bytes():
        size += len(piece)
        if size > MAX_BYTES:
            raise RefusedError(f"it has more than {MAX_BYTES} bytes")
        pieces.append(piece)
    return b"".join(pieces)
