"""A real HTTP server on the loopback that answers what it was given, and keeps what it heard."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Heard:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Canned:
    """One answer. ``cut``: bytes of the body after which the connection breaks; ``drip``: seconds
    between single bytes; ``silent``: break without a word."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    drip: float = 0.0
    silent: bool = False


class Server:
    def __init__(self, answer: Callable[[Heard], Canned]) -> None:
        self.heard: list[Heard] = []
        self.connections = 0
        self._answer = answer
        handler = type("Handler", (_Handler,), {"canned": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))

    def answer(self, heard: Heard) -> Canned:
        self.heard.append(heard)
        return self._answer(heard)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    canned: Server

    def setup(self) -> None:
        super().setup()
        self.canned.connections += 1

    def log_message(self, *args) -> None:
        pass

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.canned.answer(Heard(self.command, self.path, dict(self.headers), body))
        self.close_connection = answer.silent or answer.cut is not None
        if answer.silent:
            return
        try:
            self._send(answer)
        except OSError:
            # Whoever asked has gone.
            self.close_connection = True

    def _send(self, answer: Canned) -> None:
        self.send_response(answer.status)
        for name, value in ({"Content-Length": str(len(answer.body))} | answer.headers).items():
            self.send_header(name, value)
        self.end_headers()
        whole = answer.body if answer.cut is None else answer.body[: answer.cut]
        if not answer.drip:
            self.wfile.write(whole)
            return
        for byte in whole:
            self.wfile.write(bytes([byte]))
            time.sleep(answer.drip)


@contextmanager
def serving(*answers: Canned | Callable[[Heard], Canned]) -> Iterator[Server]:
    """A server that gives these answers in turn; the last one again and again."""
    left = list(answers)

    def answer(heard: Heard) -> Canned:
        next_one = left.pop(0) if len(left) > 1 else left[0]
        return next_one(heard) if callable(next_one) else next_one

    server = Server(answer)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def said(
    data=None, *, errors=None, requested=3, actual=2, available=1998.0, rate=100.0, **more
) -> Canned:
    """An answer of the GraphQL endpoint as Shopify writes it."""
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": rate}
    cost = {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status}
    body = {"extensions": {"cost": cost, **more}}
    if data is not None:
        body["data"] = data
    if errors is not None:
        body["errors"] = errors
    return Canned(json.dumps(body).encode(), headers={"X-Shopify-API-Version": "2026-10"})
