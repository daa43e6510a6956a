"""Asks one version's worker for recorded inputs: one that runs, else one started for this alone."""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from bentos.contract import oip
from bentos.contract.errors import ContractError
from bentos.contract.manifest import Manifest
from bentos.contract.packing import Packer
from bentos.contract.rows import Row
from bentos.contract.view_packing import Known
from control_plane.errors import BusyError, ConflictError
from control_plane.fleet.process_launcher import WORKER_COMMAND

START_S, ASK_S, STOP_S, POLL_S = 90.0, 30.0, 20.0, 0.1
NICE, MOST_NICE = 10, 19
_UNIX = "unix:"
Outputs = dict[str, list[Any]]


class Workers:
    """``command`` is the worker's; one at a time is started, niced, and stopped afterwards."""

    def __init__(self, home: Path, command: Sequence[str] = WORKER_COMMAND) -> None:
        self._home = home.absolute()
        self._command = tuple(command)
        self._one = threading.Lock()

    def ask(
        self, manifest: Manifest, rows: list[Row], known: Known, addresses: Sequence[str]
    ) -> tuple[Outputs, str]:
        """Outputs by name, one value a row, and which worker said so: ``running``, ``started``.

        ``known``: what was looked up for each row, per view of the version's schema.

        Raises ConflictError when neither can answer, BusyError while another is being started.
        """
        body = _request(manifest, rows, known)
        for address in addresses:
            try:
                return _ask(address, manifest, body, len(rows)), "running"
            except (httpx.TransportError, ConflictError):
                continue  # on another machine, or gone since it was reported
        with self._started(manifest) as address:
            return _ask(address, manifest, body, len(rows)), "started"

    @contextmanager
    def _started(self, manifest: Manifest) -> Iterator[str]:
        if not self._one.acquire(blocking=False):
            raise BusyError("another version is being started to run a decision again", 10)
        try:
            with tempfile.TemporaryDirectory(prefix="sbx-rerun-") as folder:
                socket = Path(folder) / "worker.sock"
                process = self._launch(manifest, socket)
                try:
                    _wait(process, socket, manifest.version)
                    yield f"{_UNIX}{socket}"
                finally:
                    _stop(process)
        finally:
            self._one.release()

    def _launch(self, manifest: Manifest, socket: Path) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "SIGNALBOX_HOME": str(self._home),
            "BENTOML_HOME": str(self._home / "bentoml"),
            "BENTOML_DO_NOT_TRACK": "true",
            "OMP_NUM_THREADS": "1",
        }
        arguments = [manifest.version, "--uds", str(socket), "--digest", manifest.bento_digest]
        process = subprocess.Popen(
            [*self._command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        niceness = min(MOST_NICE, os.getpriority(os.PRIO_PROCESS, 0) + NICE)
        os.setpriority(os.PRIO_PROCESS, process.pid, niceness)
        return process


def _request(manifest: Manifest, rows: list[Row], known: Known) -> bytes:
    packer = Packer(manifest.features, manifest.signature)
    try:
        packed = packer.pack_known(rows, known)
    except ValueError as error:
        raise ContractError("inputs", f"what {manifest.version} can take", str(error)) from error
    tensors = [
        oip.Tensor(
            name=block.name, shape=(len(rows), block.width), datatype=block.datatype, raw=raw
        )
        for block, raw in zip(packer.blocks, packed, strict=True)
    ]
    body, length = oip.encode(oip.InferRequest(inputs=tensors))
    return (length or len(body)).to_bytes(8, "big") + body


def _ask(address: str, manifest: Manifest, framed: bytes, rows: int) -> Outputs:
    length, body = int.from_bytes(framed[:8], "big"), framed[8:]
    headers = {oip.HEADER_LENGTH: str(length), "content-type": oip.BINARY_CONTENT_TYPE}
    if address.startswith(_UNIX):
        transport, base = httpx.HTTPTransport(uds=address.removeprefix(_UNIX)), "http://worker"
    else:
        transport, base = httpx.HTTPTransport(), address
    with httpx.Client(transport=transport, timeout=ASK_S, trust_env=False) as client:
        url = f"{base}/v2/models/{manifest.model}/infer"
        answer = client.post(url, content=body, headers=headers)
    if answer.status_code != 200:
        raise ConflictError(f"the worker of {manifest.version} answered {answer.status_code}")
    return _outputs(manifest, answer, rows)


def _outputs(manifest: Manifest, answer: httpx.Response, rows: int) -> Outputs:
    try:
        response = oip.decode_response(answer.content, answer.headers.get(oip.HEADER_LENGTH))
        tensors = {tensor.name: tensor for tensor in response.outputs}
        return {
            spec.name: _nested(_data(tensors[spec.name]), (rows, *spec.shape))
            for spec in manifest.signature.outputs
        }
    except (ContractError, KeyError, TypeError) as error:
        raise ConflictError(f"the worker of {manifest.version} answered something else") from error


def _data(tensor: oip.Tensor) -> list[Any]:
    if tensor.data is msgspec.UNSET:
        raise ContractError(tensor.name, "JSON data", "binary data")
    return list(tensor.data)


def _nested(flat: list[Any], shape: tuple[int, ...]) -> list[Any]:
    """A flat list in the shape of its tensor."""
    for size in reversed(shape[1:]):
        flat = [flat[start : start + size] for start in range(0, len(flat), size)]
    return flat


def _wait(process: subprocess.Popen[bytes], socket: Path, version: str) -> None:
    end = time.monotonic() + START_S
    while not socket.exists():
        code = process.poll()
        if code is not None:
            hint = {2: "its bento is not stored here", 3: "the stored bento is another one"}
            why = hint.get(code, f"it ended with exit code {code}")
            raise ConflictError(f"no worker of {version} can be started: {why}")
        if time.monotonic() > end:
            raise ConflictError(f"no worker of {version} was ready within {START_S:g} s")
        time.sleep(POLL_S)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
