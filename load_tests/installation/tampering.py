"""Whoever sits between a control plane and its gateways, and tampers with documents on command.

An ASGI application in front of the real control plane. It passes everything on as it came,
unless its control file says what to do to the routes document; what it did goes to stdout.
"""

import argparse
import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx
import msgspec
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bentos.contract.documents import DocumentHeader, DocumentName, signing_input

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

STREAM = "/gateway/v1/documents"
INDEX = f"{STREAM}/index"
LOOK_SECONDS = 0.05
UPSTREAM_SECONDS = 5.0


class Tampering(StrEnum):
    """What to do to the routes document; empty or no file means nothing."""

    NONE = ""
    CORRUPT = "corrupt"
    WRONG_KEY = "wrong-key"
    OLDER = "older"


class TamperingProxy:
    """Follows ``control`` request by request; a change of it ends every open stream."""

    def __init__(self, upstream: str, control: Path) -> None:
        self._client = httpx.AsyncClient(
            base_url=upstream, timeout=httpx.Timeout(UPSTREAM_SECONDS), trust_env=False
        )
        self._control = control
        self._stranger = Ed25519PrivateKey.generate()
        self._first: DocumentHeader | None = None
        self._routes: set[str] = set()

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        """Pass one request on."""
        headers = {
            name.decode(): value.decode()
            for name, value in scope["headers"]
            if name in (b"authorization", b"if-none-match")
        }
        try:
            if scope["path"] == STREAM:
                await self._stream(headers, send)
            else:
                await self._pass(scope["path"], headers, send)
        except httpx.HTTPError as error:
            # The control plane is away: so are we, as far as the gateway can tell.
            print(f"upstream: {type(error).__name__}", flush=True)
            await send({"type": "http.response.start", "status": 502, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    async def _pass(self, path: str, headers: dict[str, str], send: Send) -> None:
        mode = self._mode()
        # While something is wrong, what the gateway asks for is never "not modified".
        if mode is not Tampering.NONE:
            headers.pop("if-none-match", None)
        answer = await self._client.get(path, headers=headers)
        body = answer.content
        if path == INDEX and answer.status_code == httpx.codes.OK:
            listed = msgspec.json.decode(body, type=list[DocumentHeader])
            body = msgspec.json.encode([self._tampered(one, mode) for one in listed])
        elif path.rpartition("/")[2] in self._routes and mode is Tampering.CORRUPT:
            print(f"tampered {mode.value}", flush=True)
            body = body[:-1] + b" "
        kept = [(b"etag", answer.headers["etag"].encode())] if "etag" in answer.headers else []
        kept.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": answer.status_code, "headers": kept})
        await send({"type": "http.response.body", "body": body})

    async def _stream(self, headers: dict[str, str], send: Send) -> None:
        async with self._client.stream("GET", STREAM, headers=headers) as answer:
            kind = [(b"content-type", b"text/event-stream")]
            await send(
                {"type": "http.response.start", "status": answer.status_code, "headers": kind}
            )
            mode = self._mode()
            async for line in _lines(answer):
                if self._mode() is not mode:
                    break
                if line is not None:
                    await send(_piece(self._line(line, mode)))
        await send({"type": "http.response.body", "body": b""})

    def _line(self, line: str, mode: Tampering) -> str:
        if not line.startswith("data:") or '"name"' not in line:
            return line
        header = msgspec.json.decode(line.removeprefix("data:").strip(), type=DocumentHeader)
        return f"data: {msgspec.json.encode(self._tampered(header, mode)).decode()}"

    def _tampered(self, header: DocumentHeader, mode: Tampering) -> DocumentHeader:
        if header.name is not DocumentName.ROUTES:
            return header
        self._first = self._first or header
        self._routes.add(header.digest)
        if mode is Tampering.WRONG_KEY:
            print(f"tampered {mode.value}", flush=True)
            signature = self._stranger.sign(signing_input(header))
            return msgspec.structs.replace(header, signature=base64.b64encode(signature).decode())
        if mode is Tampering.OLDER:
            print(f"tampered {mode.value}", flush=True)
            return self._first
        return header

    def _mode(self) -> Tampering:
        try:
            return Tampering(self._control.read_text())
        except FileNotFoundError:
            return Tampering.NONE


async def _lines(answer: httpx.Response) -> AsyncIterator[str | None]:
    """Lines as they come; None now and then, so that a change is noticed between them."""
    lines = aiter(answer.aiter_lines())
    waiting = asyncio.ensure_future(anext(lines, None))
    try:
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=LOOK_SECONDS)
            if not done:
                yield None
                continue
            line = waiting.result()
            if line is None:
                return
            waiting = asyncio.ensure_future(anext(lines, None))
            yield line
    finally:
        waiting.cancel()


def _piece(line: str) -> MutableMapping[str, Any]:
    return {"type": "http.response.body", "body": f"{line}\n".encode(), "more_body": True}


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--control", type=Path, required=True)
    options = parser.parse_args()
    proxy = TamperingProxy(options.upstream, options.control)
    uvicorn.run(proxy, port=options.port, lifespan="off", log_level="critical")


if __name__ == "__main__":
    main()
