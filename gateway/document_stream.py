"""Follows the control plane's documents stream (contract §3) and feeds the document store.

Snapshot on connect, heartbeat 1 s, read timeout 1.5 s, jittered reconnect, conditional GET
every 10 s as backstop. Losing the control plane costs nothing but freshness.
"""

import asyncio
import random
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import structlog

from bentos.contract.documents import (
    BACKSTOP_SECONDS,
    STREAM_READ_TIMEOUT_SECONDS,
    Announcement,
    DocumentHeader,
)
from bentos.contract.errors import ContractError
from gateway.documents import DocumentRefused, DocumentStore

log = structlog.get_logger(__name__)

RECONNECT_FIRST_S = 0.05
# With half as much jitter and the read timeout: two heartbeats, whatever single thing breaks.
RECONNECT_MAX_S = 0.25
MAX_BODY_BYTES = 64 * 1024 * 1024
_STREAM = "/gateway/v1/documents"


class DocumentStream:
    """The client end of the stream; ``run`` never returns until cancelled."""

    def __init__(self, url: str, key_file: Path, store: DocumentStore) -> None:
        self.connected = False
        self._url = url
        self._key_file = key_file
        self._store = store
        self._etag = ""
        self._keeping: asyncio.Task[None] | None = None
        # Loading the system's certificates takes 20 ms: once, not at every reconnect.
        self._tls = ssl.create_default_context()

    async def run(self) -> None:
        """Follow the stream and the backstop until cancelled; nothing else ends it."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow())
                tasks.create_task(self._backstop())
        finally:
            if self._keeping is not None:
                await self._keeping

    def _client(self) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {_read_key(self._key_file)}"}
        timeout = httpx.Timeout(STREAM_READ_TIMEOUT_SECONDS)
        return httpx.AsyncClient(
            base_url=self._url, headers=headers, timeout=timeout, verify=self._tls, trust_env=False
        )

    async def _follow(self) -> None:
        delay = RECONNECT_FIRST_S
        while True:
            try:
                async with self._client() as client:
                    async for event, data in self._events(client):
                        delay = RECONNECT_FIRST_S
                        if event == "document":
                            await self._on_header(client, data)
            except Exception as error:  # noqa: BLE001 - a gateway that stops listening goes stale
                log.warning("documents_stream_lost", error=f"{type(error).__name__}: {error}")
            self.connected = False
            await asyncio.sleep(delay * random.uniform(0.5, 1.5))
            delay = min(delay * 2, RECONNECT_MAX_S)

    async def _events(self, client: httpx.AsyncClient) -> AsyncIterator[tuple[str, str]]:
        known = self._store.revision
        # Bodies of later documents come along.
        headers = {} if known is None else {"last-event-id": str(known)}
        async with client.stream("GET", _STREAM, headers=headers) as response:
            if response.status_code != httpx.codes.OK:
                raise ContractError("documents stream", "200", response.status_code)
            self.connected = True
            event, data = "message", ""
            async for line in response.aiter_lines():
                if not line:
                    if data:
                        yield event, data
                    event, data = "message", ""
                elif line.startswith("event:"):
                    event = line[6:].strip()
                elif line.startswith("data:"):
                    data += line[5:].strip()

    async def _on_header(self, client: httpx.AsyncClient, data: str | msgspec.Raw) -> bool:
        """Take one document, if it is newer; its body is fetched unless it came along. False
        when it was not taken."""
        try:
            announcement = msgspec.json.decode(data, type=Announcement)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            # A newer control plane may announce documents this gateway does not know.
            log.warning("document_unknown", error=str(error))
            return True
        header = announcement.header()
        if not self._store.wants(header):
            return True
        if announcement.body is msgspec.UNSET:
            body = await self._fetch(client, header)
        else:
            body = announcement.body.encode()
        try:
            self._store.accept(header, body)
        except DocumentRefused as error:
            log.error("document_refused", error=str(error))
            return False
        log.info("document", name=header.name.value, revision=str(header.revision))
        self._keep_soon()
        return True

    async def _fetch(self, client: httpx.AsyncClient, header: DocumentHeader) -> bytes:
        limit = min(header.size, MAX_BODY_BYTES)
        body = bytearray()
        async with client.stream("GET", f"{_STREAM}/{header.digest}") as response:
            if response.status_code != httpx.codes.OK:
                raise ContractError(f"document {header.digest}", "200", response.status_code)
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > limit:
                    break  # no more of it is wanted: the digest refuses it
        return bytes(body)

    def _keep_soon(self) -> None:
        """Put on disk what is in force, beside serving it."""
        if self._store.unkept and (self._keeping is None or self._keeping.done()):
            self._keeping = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        try:
            while self._store.unkept:
                await asyncio.to_thread(self._store.keep)
        except OSError as error:
            # Tried again with the next document or backstop.
            log.error("documents_not_kept_on_disk", error=str(error))

    async def _backstop(self) -> None:
        """What a lost event would have said is found here within ten seconds."""
        while True:
            await asyncio.sleep(BACKSTOP_SECONDS * random.uniform(0.9, 1.1))
            self._keep_soon()
            try:
                await self._poll()
            except Exception as error:  # noqa: BLE001 - as above
                log.warning("documents_poll_failed", error=f"{type(error).__name__}: {error}")

    async def _poll(self) -> None:
        async with self._client() as client:
            response = await client.get(f"{_STREAM}/index", headers={"if-none-match": self._etag})
            if response.status_code == httpx.codes.NOT_MODIFIED:
                return
            response.raise_for_status()
            headers = msgspec.json.decode(response.content, type=list[msgspec.Raw])
            taken = [await self._on_header(client, header) for header in headers]
            # What was refused is asked for again.
            self._etag = response.headers.get("etag", "") if all(taken) else ""


def _read_key(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise ContractError(
            str(path), "the gateway's key", str(error), "Run `signalbox init`."
        ) from error
