"""The fraud graph behind Triton, by PyTriton: dynamic batching in C++, the graph in Python.

PyTriton's package holds Triton with its Python backend only, so onnxruntime runs in this process.
"""

import os
import signal
import threading

import numpy as np
import onnxruntime
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

MAX_BATCH_ROWS = 256


def main() -> None:
    """Serve on BENCH_PORT until SIGTERM."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        os.environ["BENCH_ONNX"], options, providers=["CPUExecutionProvider"]
    )
    source, output = session.get_inputs()[0], os.environ["BENCH_OUTPUT"]

    @batch
    def infer(**inputs: np.ndarray) -> dict[str, np.ndarray]:
        return {output: session.run([output], inputs)[0].reshape(-1, 1)}

    config = TritonConfig(
        http_address="127.0.0.1",
        http_port=int(os.environ["BENCH_PORT"]),
        allow_grpc=False,
        allow_metrics=False,
        log_verbose=0,
    )
    with Triton(config=config) as triton:
        triton.bind(
            model_name=os.environ["BENCH_MODEL"],
            infer_func=infer,
            inputs=[Tensor(name=source.name, dtype=np.float32, shape=(source.shape[1],))],
            outputs=[Tensor(name=output, dtype=np.float32, shape=(1,))],
            config=ModelConfig(
                max_batch_size=MAX_BATCH_ROWS,
                batcher=DynamicBatcher(max_queue_delay_microseconds=0),
            ),
            strict=True,
        )
        triton.run()
        stopping.wait()


if __name__ == "__main__":
    main()
