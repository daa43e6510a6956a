"""A receiver of webhooks: a process of its own that verifies with the library of the standard.

    python receiver.py FOLDER PORT

``FOLDER/secrets`` holds the secrets it takes, a line each; ``FOLDER/answer.json`` says how it
answers (``status``, ``headers``, ``delay_s``); what came is written to ``FOLDER/received.jsonl``
before it answers.
"""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from standardwebhooks import Webhook, WebhookVerificationError

FOLDER = Path(sys.argv[1])


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        answer = json.loads((FOLDER / "answer.json").read_text())
        headers = {name.lower(): value for name, value in self.headers.items()}
        record = {
            "at": time.time(),
            "path": self.path,
            "headers": headers,
            "body": body,
            "verified": verified(body, headers),
        }
        with (FOLDER / "received.jsonl").open("a") as file:
            file.write(json.dumps(record) + "\n")
        time.sleep(answer.get("delay_s", 0))
        self.send_response(answer.get("status", 204))
        for name, value in answer.get("headers", {}).items():
            self.send_header(name, value)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


def verified(body, headers):
    """How many of the secrets the signature is good for."""
    good = 0
    for secret in (FOLDER / "secrets").read_text().split():
        try:
            Webhook(secret).verify(body, headers)
            good += 1
        except WebhookVerificationError:
            continue
    return good


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Receiver).serve_forever()
