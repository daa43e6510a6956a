"""A command whose connection is lost is sent again, and what it asks for is done once."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import httpx
import pytest
from typer.testing import CliRunner

from control_plane.cli.app import app
from control_plane.cli.sending import RETRY_AFTER_S, send

REQUEST = httpx.Request("POST", "http://127.0.0.1:1/api/v1/kills", json={"model": "m"})


def sending(*outcomes):
    """What ``send`` makes of these, one an attempt, and how long it paused."""
    left, pauses, seen = list(outcomes), [], []

    def answer(request):
        seen.append((dict(request.headers), request.content))
        outcome = left.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        got = send(client, REQUEST, pauses.append)
    assert all(each == seen[0] for each in seen)
    return got, pauses


def test_a_lost_connection_is_tried_again_with_the_very_same_request():
    lost = httpx.RemoteProtocolError("server disconnected")
    got, pauses = sending(httpx.ConnectError("refused"), lost, httpx.Response(201))
    assert got.status_code == 201
    assert pauses == list(RETRY_AFTER_S[:2])


def test_the_first_attempt_still_being_carried_out_is_waited_for():
    busy = httpx.Response(409, headers={"retry-after": "1"})
    got, _ = sending(busy, httpx.Response(200))
    assert got.status_code == 200
    refused, pauses = sending(httpx.Response(409))
    assert (refused.status_code, pauses) == (409, [])


def test_who_is_away_for_good_is_told_so():
    attempts = len(RETRY_AFTER_S) + 1
    with pytest.raises(httpx.ConnectError):
        sending(*[httpx.ConnectError("refused")] * attempts)
    with pytest.raises(httpx.ReadTimeout):
        sending(httpx.ReadTimeout("30 s"), httpx.Response(200))


class Losing(BaseHTTPRequestHandler):
    """Hands requests on to the plane; the first change's answer never comes back."""

    plane, keys = "", []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {k: self.headers[k] for k in ("authorization", "content-type")}
        self.keys.append(self.headers["idempotency-key"])
        headers["idempotency-key"] = self.keys[-1]
        answer = httpx.post(self.plane + self.path, content=body, headers=headers)
        if len(self.keys) > 1:
            self.send_response(answer.status_code)
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

    def log_message(self, *_):
        pass


@pytest.fixture
def losing(plane):
    handler = type("Handler", (Losing,), {"plane": plane.url, "keys": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.acceptance
def test_a_command_that_lost_its_answer_gets_it_and_is_done_once(plane, losing, monkeypatch):
    url, handler = losing
    monkeypatch.setenv("SIGNALBOX_HOME", str(plane.home))
    monkeypatch.setenv("SIGNALBOX_CONTROL_PLANE_URL", url)
    made = ["people", "create", "cli-once", "--role", "viewer", "--json"]
    done = CliRunner().invoke(app, made)
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["id"] == "cli-once"
    assert len(handler.keys) == 2
    assert len(set(map(UUID, handler.keys))) == 1
    # A second command is another change.
    assert CliRunner().invoke(app, made).exit_code == 4
