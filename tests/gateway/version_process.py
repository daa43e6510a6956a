"""One version as a process: a real ONNX graph behind the real OIP app, on a Unix socket.

``--fault`` makes it misbehave the way a bad canary would.
"""

import argparse
import asyncio
from pathlib import Path

import msgspec
import uvicorn

from bentos.contract.features import FeatureSchema
from bentos.oip_app import OipApp
from bentos.onnx_model import OnnxModel


def faulty(app: OipApp, fault: str):
    async def call(scope, receive, send):
        if not scope["path"].endswith("/infer"):
            await app(scope, receive, send)
            return
        if fault == "slow":
            await asyncio.sleep(0.5)
        if fault == "hung":
            await asyncio.sleep(3600)
        if fault == "error":
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b'{"error": "broken"}'})
            return
        await app(scope, receive, send)

    return call


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--graph", "--schema", "--uds"):
        parser.add_argument(name, required=True)
    parser.add_argument("--fault", default="")
    arguments = parser.parse_args()
    schema = msgspec.json.decode(Path(arguments.schema).read_bytes(), type=FeatureSchema)
    app = OipApp(schema)
    app.bind(OnnxModel(arguments.graph), "1")
    uvicorn.run(
        faulty(app, arguments.fault) if arguments.fault else app,
        uds=arguments.uds,
        lifespan="off",
        log_level="warning",
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main()
