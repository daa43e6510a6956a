"""What a version can do wrong on command: an ASGI application around the real tensor lane."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from bentos.contract import oip
from bentos.contract.datatype import Datatype
from bentos.oip_app import OipApp
from bentos.oip_tensor import from_array, to_array

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HUNG_SECONDS = 3600.0
# Beyond the default deadline of a request, so an answer that slow is of no use.
SLOW_SECONDS = 0.4
# Said on stdout for every call that was spoilt.
SPOILT = "spoilt a call"
_HEADER_LENGTH = oip.HEADER_LENGTH.encode()


class Misbehaviour(StrEnum):
    """The word in the control file; empty or no file means none."""

    NONE = ""
    HUNG = "hung"
    SLOW = "slow"
    ERROR = "error"
    WRONG_DTYPE = "wrong-dtype"
    WRONG_SHAPE = "wrong-shape"
    NAN = "nan"
    HALF_WRITTEN = "half-written"
    STALLED = "stalled"


class Misbehaving:
    """The lane of ``app``; each call looks into ``control`` for what to do wrong."""

    def __init__(self, app: OipApp, control: Path) -> None:
        self._app = app
        self._control = control

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or spoil the answer."""
        fault = self._fault() if self._app.takes(scope["path"]) else Misbehaviour.NONE
        if fault is not Misbehaviour.NONE:
            print(SPOILT, flush=True)
        if fault is Misbehaviour.HUNG:
            await asyncio.sleep(HUNG_SECONDS)
        if fault is Misbehaviour.SLOW:
            await asyncio.sleep(SLOW_SECONDS)
        if fault in (Misbehaviour.NONE, Misbehaviour.SLOW):
            await self._app(scope, receive, send)
            return
        start, body = await self._true_answer(scope, receive)
        await _spoil(fault, start, body, send)

    def _fault(self) -> Misbehaviour:
        try:
            return Misbehaviour(self._control.read_text())
        except FileNotFoundError:
            return Misbehaviour.NONE

    async def _true_answer(self, scope: Message, receive: Receive) -> tuple[Message, bytes]:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        return messages[0], b"".join(message.get("body", b"") for message in messages[1:])


async def _spoil(fault: Misbehaviour, start: Message, body: bytes, send: Send) -> None:
    if fault is Misbehaviour.ERROR:
        await _send(send, 500, [], b'{"error": "broken on command"}')
    elif fault in (Misbehaviour.HALF_WRITTEN, Misbehaviour.STALLED):
        await send(start)
        await send(
            {"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True}
        )
        if fault is Misbehaviour.STALLED:
            await asyncio.sleep(HUNG_SECONDS)
        # Returning now makes uvicorn close the connection with half an answer on it.
    else:
        length = dict(start["headers"]).get(_HEADER_LENGTH)
        changed, length = _wrong(fault, body, None if length is None else length.decode())
        headers = [] if length is None else [(_HEADER_LENGTH, length.encode())]
        await _send(send, start["status"], headers, changed)


def _wrong(fault: Misbehaviour, body: bytes, length: str | None) -> tuple[bytes, str | None]:
    """The same answer with other tensors; binary or JSON as it came."""
    response = oip.decode_response(body, length)
    for index, tensor in enumerate(response.outputs):
        values, datatype = to_array(tensor, tensor.name), tensor.datatype
        if fault is Misbehaviour.WRONG_DTYPE:
            values, datatype = values.astype(np.float64), Datatype.FP64
        elif fault is Misbehaviour.WRONG_SHAPE:
            values = np.append(values, values[-1:])
        elif fault is Misbehaviour.NAN:
            values = np.full_like(values, np.nan)
        binary = tensor.raw is not None
        response.outputs[index] = from_array(tensor.name, datatype, values, binary=binary)
    changed, header_length = oip.encode(response)
    return changed, None if header_length is None else str(header_length)


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    headers = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
