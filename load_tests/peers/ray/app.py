"""The fraud graph as a Ray Serve deployment that batches, on a Ray of its own."""

import json
import os
import signal
import threading
from typing import Any

import numpy as np
import onnxruntime
import ray
from ray import serve
from starlette.requests import Request
from starlette.responses import Response

MAX_BATCH_ROWS = 256
MAX_ONGOING = 4096


class Fraud:
    """One replica: the body is parsed where it arrives, rows are scored together."""

    def __init__(self, onnx: str, output: str, names: list[str]) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            onnx, options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self._output = output
        self._names = names

    @serve.batch(max_batch_size=MAX_BATCH_ROWS, batch_wait_timeout_s=0)
    async def score(self, requests: list[list[list[float]]]) -> list[list[float]]:
        """The rows of many requests in one run of the graph."""
        rows = np.array([row for rows in requests for row in rows], dtype=np.float32)
        answers = self._session.run([self._output], {self._input: rows})[0].ravel().tolist()
        scored, start = [], 0
        for request in requests:
            scored.append(answers[start : start + len(request)])
            start += len(request)
        return scored

    async def __call__(self, request: Request) -> Response:
        """The body of the comparison in, ``predictions`` out."""
        message: dict[str, Any] = json.loads(await request.body())
        rows = [[row[name] for name in self._names] for row in message["instances"]]
        answers = await self.score(rows)
        body = {"predictions": [{self._output: answer} for answer in answers]}
        return Response(json.dumps(body), media_type="application/json")


def main() -> None:
    """Serve on BENCH_PORT until SIGTERM."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    ray.init(
        num_cpus=1,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=100 * 1024 * 1024,
        _temp_dir=os.environ["BENCH_RAY_HOME"],
    )
    serve.start(
        http_options={"host": "127.0.0.1", "port": int(os.environ["BENCH_PORT"])},
        logging_config={"enable_access_log": False},
    )
    deployment = serve.deployment(
        Fraud,
        max_ongoing_requests=MAX_ONGOING,
        ray_actor_options={"num_cpus": 0},
        graceful_shutdown_timeout_s=2,
    )
    names = os.environ["BENCH_FEATURES"].split(",")
    serve.run(deployment.bind(os.environ["BENCH_ONNX"], os.environ["BENCH_OUTPUT"], names))
    stopping.wait()
    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    main()
