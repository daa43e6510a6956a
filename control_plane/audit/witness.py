"""A witness: ``python -m control_plane.audit.witness serve``, for a second team on its own machine.

It keeps, of each log it was told of, the last checkpoint it cosigned, and cosigns a new one only
if the log signed it and proves that the whole of the last one is in it (C2SP tlog-witness,
``POST /add-checkpoint``; timestamped cosignature/v1). So a register that was cut, rewritten or
shown in two versions finds no second signature, whoever holds its database and its key.

The folder holds ``witness.key`` and the last checkpoints: keep it. A witness that lost it must be
given up, not started anew under the same name.
"""

import argparse
import base64
import fcntl
import sys
import threading
import time
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO
from urllib.parse import quote

from bentos.contract.errors import ContractError
from bentos.contract.merkle import EMPTY_ROOT
from bentos.contract.merkle_proof import extends
from bentos.whole_file import write_whole
from control_plane.audit.offline.notes import (
    COSIGNATURE,
    LOG,
    Checkpoint,
    Note,
    Unproven,
    VerifierKey,
    cosigned_message,
    parse_checkpoint,
    parse_hash,
    parse_note,
    parse_vkey,
    signed_at,
)
from control_plane.key_files import load_signing_key, make_signing_key

NAME = "witness"
SIZE_TYPE = "text/x.tlog.size"
MAX_BODY_BYTES, MAX_PROOF_LINES = 128 * 1024, 63
READ_TIMEOUT_S = 10.0
BAD_INPUT = 2


class Refused(Exception):
    """What the witness answers instead of a signature."""

    def __init__(self, status: HTTPStatus, body: str, content_type: str = "text/plain") -> None:
        self.status, self.body, self.content_type = status, f"{body}\n", content_type
        super().__init__(body)


class Witness:
    """Decides and remembers; knows no HTTP. Used from many threads, by one process a folder."""

    def __init__(self, name: str, folder: Path, logs: Sequence[VerifierKey]) -> None:
        """Raises BlockingIOError while another process has the folder."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._held = _only_one(folder / "lock")
        self._logs: dict[str, list[VerifierKey]] = {}
        for log in logs:
            self._logs.setdefault(log.name, []).append(log)
        make_signing_key(folder, NAME)
        self._key = load_signing_key(folder / f"{NAME}.key")
        self.vkey = VerifierKey(name, COSIGNATURE, self._key.public_key().public_bytes_raw())
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let another process have the folder."""
        self._held.close()

    def add_checkpoint(self, body: str) -> str:
        """The cosignature line for a request's body; raises Refused."""
        old, path, note, checkpoint = _parse(body)
        logs = self._logs.get(checkpoint.origin)
        if logs is None:
            raise Refused(HTTPStatus.NOT_FOUND, "this log is not one of mine")
        if not _is_signed(note, logs):
            raise Refused(HTTPStatus.FORBIDDEN, "the log did not sign this checkpoint")
        if old > checkpoint.size:
            raise Refused(HTTPStatus.BAD_REQUEST, "old is larger than the checkpoint")
        # Compared and replaced in one piece: else two requests could take it back.
        with self._lock:
            last = self.last(checkpoint.origin)
            _check(last, old, checkpoint, path)
            line = self._cosign(note)
            path_of = self._path(checkpoint.origin)
            write_whole(path_of, f"{note.text}\n{line}", mode=0o644)
        return line

    def last(self, origin: str) -> Checkpoint:
        """The last checkpoint that was cosigned; an empty one before the first."""
        path = self._path(origin)
        if not path.exists():
            return Checkpoint(origin, 0, EMPTY_ROOT)
        return parse_checkpoint(parse_note(path.read_text(encoding="utf-8")).text)

    def _cosign(self, note: Note) -> str:
        at = int(time.time())
        signature = self._key.sign(cosigned_message(note.text, at))
        data = self.vkey.key_id + at.to_bytes(8, "big") + signature
        return f"— {self.vkey.name} {base64.b64encode(data).decode()}\n"

    def _path(self, origin: str) -> Path:
        return self._folder / f"{quote(origin, safe='')}.checkpoint"


def _only_one(path: Path) -> IO[str]:
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise
    return file


def _parse(body: str) -> tuple[int, list[bytes], Note, Checkpoint]:
    head, _, text = body.partition("\n\n")
    lines = head.split("\n")
    try:
        word, old = lines[0].split(" ")
        if word != "old" or not old.isascii() or str(int(old)) != old or int(old) < 0:
            raise ValueError(old)
        if len(lines) - 1 > MAX_PROOF_LINES:
            raise ValueError("proof")
        path = [parse_hash(line) for line in lines[1:]]
        note = parse_note(text)
        return int(old), path, note, parse_checkpoint(note.text)
    except (ValueError, Unproven) as error:
        problem = "expected old <size>, proof lines, a blank line and a signed checkpoint"
        raise Refused(HTTPStatus.BAD_REQUEST, problem) from error


def _is_signed(note: Note, logs: Sequence[VerifierKey]) -> bool:
    try:
        return any(signed_at(note, log) is not None for log in logs)
    except Unproven:
        return False


def _check(last: Checkpoint, old: int, new: Checkpoint, path: Sequence[bytes]) -> None:
    if old != last.size:
        raise Refused(HTTPStatus.CONFLICT, str(last.size), SIZE_TYPE)
    if old == new.size and last.root != new.root:
        raise Refused(HTTPStatus.CONFLICT, "another root of this size was cosigned")
    if not extends(old, last.root, new.size, new.root, path):
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "the proof does not verify")


class WitnessServer(ThreadingHTTPServer):
    """HTTP over a witness."""

    def __init__(self, witness: Witness, host: str, port: int) -> None:
        self.witness = witness
        super().__init__((host, port), Handler)


class Handler(BaseHTTPRequestHandler):
    """``POST /add-checkpoint``, and ``GET /vkey``: who signs here."""

    protocol_version = "HTTP/1.1"
    timeout = READ_TIMEOUT_S
    server: WitnessServer

    def do_POST(self) -> None:
        """Answer with a cosignature, or why there is none."""
        try:
            self._answer(HTTPStatus.OK, self.server.witness.add_checkpoint(self._body()))
        except Refused as refused:
            self._answer(refused.status, refused.body, refused.content_type)

    def do_GET(self) -> None:
        """Answer with the public key."""
        known = self.path == "/vkey"
        status = HTTPStatus.OK if known else HTTPStatus.NOT_FOUND
        self._answer(status, f"{self.server.witness.vkey}\n" if known else "no such page\n")

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """A line a request, without what a client could forge."""
        sys.stderr.write(f"{self.log_date_time_string()} {self.command} {code} {size}\n")

    def _body(self) -> str:
        length = self.headers.get("content-length", "")
        if self.path != "/add-checkpoint":
            self.close_connection = True
            raise Refused(HTTPStatus.NOT_FOUND, "POST /add-checkpoint")
        if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            raise Refused(HTTPStatus.BAD_REQUEST, f"at most {MAX_BODY_BYTES} bytes")
        try:
            return self.rfile.read(int(length)).decode()
        except UnicodeDecodeError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, "expected UTF-8") from error

    def _answer(self, status: HTTPStatus, body: str, kind: str = "text/plain") -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal, or print the vkey; 2 for bad arguments."""
    parser = argparse.ArgumentParser(prog="signalbox audit witness serve")
    parser.add_argument("--name", required=True, help="e.g. compliance.example/witness")
    parser.add_argument("--folder", type=Path, required=True, help="its key and its memory")
    parser.add_argument("--log", action="append", required=True, help="a log's vkey; repeat")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8083)
    options = parser.parse_args(arguments)
    try:
        logs = [parse_vkey(each) for each in options.log]
        if any(log.kind != LOG for log in logs) or not _is_name(options.name):
            raise Unproven("expected logs' vkeys, and a name without spaces and +")
        witness = Witness(options.name, options.folder, logs)
    except (Unproven, ContractError, OSError) as error:
        sys.stderr.write(f"signalbox audit witness: {error}\n")
        return BAD_INPUT
    server = WitnessServer(witness, options.host, options.port)
    host, port = server.server_address[:2]
    sys.stderr.write(f"{witness.vkey}\nwitness at http://{host!s}:{port}\n")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    finally:
        server.server_close()
        witness.close()
    return 0


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(each.isspace() for each in name)


if __name__ == "__main__":
    sys.exit(main())
