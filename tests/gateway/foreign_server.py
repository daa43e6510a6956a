"""An Open Inference Protocol server that is not ours: it minds content types and paths."""

import asyncio
import json
import math
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn

from tests.gateway.lanes import until

JSON_TYPE = [(b"content-type", b"application/json")]


@dataclass
class ForeignServer:
    """Answers fraud_probability = sigmoid(amount / 100 - 1), in JSON only.

    ``extensions`` None: it has no metadata endpoint. ``slash``: the metadata's path ends in one,
    and without it the caller is sent on, as a mounted application does.
    """

    base: str = ""
    extensions: list[str] | None = field(default_factory=list)
    slash: bool = False
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.base}"

    async def __call__(self, scope, receive, send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        path = scope["path"]
        self.asked.append((path, headers, body))
        status, answered, content = self._answer(path, headers, body)
        answered = [*answered, (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": answered})
        await send({"type": "http.response.body", "body": content})

    def _answer(self, path, headers, body):
        metadata = f"{self.base}/v2"
        if path in (metadata, f"{metadata}/"):
            if path.endswith("/") != self.slash:
                return 307, [(b"location", b"elsewhere")], b""
            if self.extensions is None:
                return 404, JSON_TYPE, b'{"detail": "Not Found"}'
            content = {"name": "foreign", "version": "1", "extensions": self.extensions}
            return 200, JSON_TYPE, json.dumps(content).encode()
        if path != f"{self.base}/v2/models/fraud/infer":
            return 307, [(b"location", b"/elsewhere")], b""
        if headers.get("content-type") != "application/json":
            return 415, JSON_TYPE, b'[{"error": "what is this?"}]'
        return 200, JSON_TYPE, self._infer(json.loads(body))

    def _infer(self, request) -> bytes:
        amounts = request["inputs"][0]["data"]
        values = [1 / (1 + math.exp(1 - amount / 100)) for amount in amounts]
        output = {
            "name": "fraud_probability",
            "datatype": "FP32",
            "shape": [len(values), 1],
            "data": values,
        }
        return json.dumps({"model_name": "fraud", "outputs": [output]}).encode()

    @asynccontextmanager
    async def running(self):
        """Serve on a free port of this machine, in this loop."""
        config = uvicorn.Config(self, port=0, lifespan="off", log_level="warning")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve())
        await until(lambda: server.started)
        self.port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.should_exit = True
            await task
