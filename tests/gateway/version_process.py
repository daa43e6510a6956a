"""One version as a process: a real ONNX graph behind the real OIP app, on a Unix socket.

``--fault`` makes it misbehave the way a bad version would; ``FAULTS`` names what it can do.
"""

import argparse
import asyncio
import math
from pathlib import Path

import msgspec
import numpy as np
import uvicorn

from bentos.contract import oip
from bentos.contract.datatype import Datatype
from bentos.contract.features import FeatureSchema
from bentos.oip_app import OipApp
from bentos.onnx_model import OnnxModel

FOREVER_S = 3600


def wrong_dtype(tensor):
    values = np.frombuffer(tensor.raw, "<f4").astype("<f8")
    return msgspec.structs.replace(tensor, datatype=Datatype.FP64, raw=values.tobytes())


def wrong_shape(tensor):
    return msgspec.structs.replace(tensor, shape=(*tensor.shape, 2), raw=bytes(tensor.raw) * 2)


def nan(tensor):
    return msgspec.structs.replace(tensor, raw=np.full(tensor.shape, np.nan, "<f4").tobytes())


def extra_rows(tensor):
    shape = (tensor.shape[0] + 1, *tensor.shape[1:])
    return msgspec.structs.replace(tensor, shape=shape, raw=bytes(tensor.raw) + bytes(4))


def wrong_name(tensor):
    return msgspec.structs.replace(tensor, name="something_else")


SPOILERS = {f.__name__: f for f in (wrong_dtype, wrong_shape, nan, extra_rows, wrong_name)}
SLEEPS_S = {"slow": 0.5, "late": 1.5, "hung": FOREVER_S}
# As a framework would that quotes what it could not read.
QUOTED = "planted7f3aquoted"
REFUSALS = {
    "error": (500, "broken"),
    "quoting": (500, f"cannot convert {QUOTED} to a number"),
    "busy": (429, "Too many requests"),
}
FAULTS = (*SLEEPS_S, *REFUSALS, "half", *SPOILERS)
# Not always at fault: there is one amount with which it can compute no batch.
UNLUCKY_ROW, UNLUCKY = "unlucky_row", 13.0


async def refuse(send, status: int, text: str) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b'{"error": "%b"}' % text.encode()})


async def call_and_keep(app, scope, receive):
    kept = []

    async def keep(message):
        kept.append(message)

    await app(scope, receive, keep)
    return kept


def spoil(kept, spoiler):
    headers = dict(kept[0]["headers"])
    length = headers[b"inference-header-content-length"].decode()
    answer = oip.decode_response(kept[1]["body"], length)
    answer.outputs = [spoiler(tensor) for tensor in answer.outputs]
    kept[1]["body"], length = oip.encode(answer)
    headers[b"inference-header-content-length"] = str(length).encode()
    headers[b"content-length"] = str(len(kept[1]["body"])).encode()
    kept[0]["headers"] = list(headers.items())


def holds_unlucky(kept) -> bool:
    length = dict(kept[0]["headers"])[b"inference-header-content-length"].decode()
    [tensor] = oip.decode_response(kept[1]["body"], length).outputs
    unlucky = 1 / (1 + math.exp(1 - UNLUCKY / 100))
    return bool(np.isclose(np.frombuffer(tensor.raw, "<f4"), unlucky, atol=1e-5).any())


def faulty(app: OipApp, fault: str):
    async def call(scope, receive, send):
        if not scope["path"].endswith("/infer"):
            await app(scope, receive, send)
            return
        if fault in SLEEPS_S:
            await asyncio.sleep(SLEEPS_S[fault])
        if fault in REFUSALS:
            await refuse(send, *REFUSALS[fault])
            return
        kept = await call_and_keep(app, scope, receive)
        if fault == UNLUCKY_ROW and holds_unlucky(kept):
            await refuse(send, 500, f"cannot compute {UNLUCKY}")
            return
        if fault == "half":
            await send(kept[0])
            await send({"type": "http.response.body", "body": kept[1]["body"][:40]})
            return  # uvicorn closes a connection whose answer is not whole
        if fault in SPOILERS:
            spoil(kept, SPOILERS[fault])
        for message in kept:
            await send(message)

    return call


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--graph", "--schema", "--uds"):
        parser.add_argument(name, required=True)
    parser.add_argument("--fault", default="", choices=("", UNLUCKY_ROW, *FAULTS))
    parser.add_argument("--keep-alive", type=int, default=75)
    serve(**vars(parser.parse_args()))


def serve(graph: str, schema: str, uds: str, fault: str, keep_alive: int) -> None:
    """Until killed."""
    features = msgspec.json.decode(Path(schema).read_bytes(), type=FeatureSchema)
    app = OipApp(features)
    app.bind(OnnxModel(graph), "1")
    uvicorn.run(
        faulty(app, fault) if fault else app,
        uds=uds,
        lifespan="off",
        log_level="critical" if fault == "half" else "warning",
        timeout_keep_alive=keep_alive,
    )


if __name__ == "__main__":
    main()
