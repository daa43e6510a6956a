"""One version as a process: a real ONNX graph behind the real tensor lane, on a Unix socket.

It misbehaves as the control file beside its socket says, call by call, with no restart.
"""

import argparse
from pathlib import Path

import uvicorn

from bentos.oip_app import OipApp
from bentos.onnx_model import OnnxModel
from load_tests.installation.misbehaviour import Misbehaving
from load_tests.installation.model import SCHEMA

KEEP_ALIVE_SECONDS = 75


def control_file(socket_path: Path) -> Path:
    """Where the version listening on ``socket_path`` is told what to do wrong."""
    return socket_path.with_suffix(".fault")


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graph", type=Path, required=True)
    parser.add_argument("--uds", type=Path, required=True)
    options = parser.parse_args()
    app = OipApp(SCHEMA)
    app.bind(OnnxModel(options.graph), "1")
    uvicorn.run(
        Misbehaving(app, control_file(options.uds)),
        uds=str(options.uds),
        lifespan="off",
        # It is told to break off answers, and uvicorn calls each of them an error.
        log_level="critical",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )


if __name__ == "__main__":
    main()
