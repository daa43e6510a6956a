"""What GrowthBook and its proxy serve to SDKs, and what may go wrong with it.

``GET /api/features/{key}`` and ``GET /sub/{key}`` have the shapes, headers and habits of the
real ones: a weak ETag, ``x-sse-support``, errors as 400, no snapshot on subscribing, ``retry``
first, keep-alives of an empty ``data``. ``POST /orders`` says what to serve.

    python -m tests.control_plane.follow.growthbook_stand_in KEY
"""

import hashlib
import json
import queue
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEEP_ALIVE_S = 0.4


class State:
    def __init__(self):
        self.lock = threading.Lock()
        self.body = '{"status":200,"features":{},"dateUpdated":"2026-01-01T00:00:00.000Z"}'
        self.status = 200
        self.hang = False
        "Nothing is answered any more, and open streams fall silent: a half-open connection."
        self.sse = True
        self.streams = set()
        self.count = {"gets": 0, "not_modified": 0, "subs": 0}
        self.event = 0


STATE = State()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        orders = json.loads(self.rfile.read(int(self.headers["content-length"])))
        push, drop = orders.pop("push", False), orders.pop("drop", False)
        event = orders.pop("event", None)
        with STATE.lock:
            for name, value in orders.items():
                setattr(STATE, name, value)
            streams = list(STATE.streams)
        if push:
            STATE.event += 1
            event = f"id: {STATE.event}\nevent: features\ndata: {STATE.body}\n\n"
        for stream in streams:
            stream.put(None if drop else event)
        self.answer(200, b"{}")

    def do_GET(self):
        if self.path == "/orders":
            told = {**STATE.count, "streams": len(STATE.streams)}
            self.answer(200, json.dumps(told).encode())
            return
        while STATE.hang:
            time.sleep(0.05)
        _, kind, *rest = self.path.split("/")
        if rest[-1] != sys.argv[1]:
            self.answer(400, b'{"status":400,"error":"Invalid API Key"}')
        elif STATE.status != 200:
            self.answer(STATE.status, b"bad gateway")
        elif kind == "api":
            self.features()
        else:
            self.stream()

    def features(self):
        STATE.count["gets"] += 1
        body = STATE.body.encode("utf-8", "surrogateescape")
        etag = f'W/"{len(body):x}-{hashlib.sha1(body).hexdigest()}"'
        headers = {
            "ETag": etag,
            "Cache-Control": "public, max-age=30, stale-while-revalidate=3600",
        }
        if STATE.sse:
            headers["x-sse-support"] = "enabled"
        if self.headers.get("if-none-match") == etag:
            STATE.count["not_modified"] += 1
            self.answer(304, b"", headers)
        else:
            self.answer(200, body, headers)

    def stream(self):
        mine = queue.Queue()
        STATE.count["subs"] += 1
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Connection", "close")
        self.end_headers()
        self.say("retry: 10000\n\n")
        with STATE.lock:
            STATE.streams.add(mine)
        try:
            while True:
                try:
                    news = mine.get(timeout=KEEP_ALIVE_S)
                except queue.Empty:
                    news = "data: \n\n"
                if news is None:
                    break
                if not STATE.hang:
                    self.say(news)
        except OSError:
            pass
        finally:
            with STATE.lock:
                STATE.streams.discard(mine)
            self.close_connection = True

    def say(self, text):
        self.wfile.write(text.encode())
        self.wfile.flush()

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
