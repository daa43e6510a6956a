"""``make profile``: where each microsecond of a request goes, step by step, in one process.

Every step of ``gateway/predict.py`` is called by itself with what a real request hands it, many
times; the figure is the fastest of several rounds, so that other work on the machine adds
little. What the steps leave over of a whole call is the coroutines that tie them together.
Sockets, the event loop's own work and the worker's batch are not in here: compare the total
with the CPU a request takes under load.
"""

import argparse
import asyncio
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
import uvloop
from rich.console import Console
from rich.table import Table

from bentos.contract.brief_decision import BriefDecision
from bentos.contract.plain_request import PlainRequests
from bentos.contract.segment import encode_frame
from gateway import predict as hot_path
from gateway import predict_protocol
from gateway.app import App, settle_collector
from gateway.batch import LaneAnswer
from gateway.config import GatewayConfig
from gateway.decision_id import RANDOM_BYTES, new_decision_id
from gateway.entropy import Entropy
from gateway.record import Outcome, Recorder
from gateway.reply import render
from gateway.stopwatch import Stopwatch
from load_tests import machine
from load_tests.documents import ServedModel, write_models_home
from load_tests.fraud_inputs import SCHEMA, SIGNATURE
from load_tests.http_connection import render_request
from load_tests.model_rows import ModelRows
from load_tests.our_sides import PREDICT_PATH, SHOP

STABLE, CANARY = "fraud:20260101-0000000a", "fraud:20260101-0000000b"
REQUESTS = 2000
ROUNDS = 7
TURN = 32
"Decisions that share one write in the table: what a batch of a busy lane brings back."


@dataclass(frozen=True)
class Step:
    """One row: microseconds per request."""

    name: str
    where: str
    microseconds: float


def fastest(call: Callable[[int], Any], share: int = 1) -> float:
    """Microseconds of one call, per ``share`` requests it serves; the best of the rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for number in range(REQUESTS):
            call(number)
        best = min(best, time.process_time() - started)
    return best / REQUESTS / share * 1e6


class Request:
    """What one request has at each step, from a gateway over documents on disk."""

    def __init__(self, app: App, key: str) -> None:
        self.app, self.serving = app, app.serving
        bodies = ModelRows(SIGNATURE, SCHEMA, count=REQUESTS).named()
        header = {"authorization": f"Bearer {key}"}
        self.sent = [render_request(PREDICT_PATH, body, header) for body in bodies]
        self.reader = PlainRequests(8192)
        split = [self.reader.split(each) for each in self.sent]
        self.heads, self.bodies = zip(*[each for each in split if each], strict=True)
        self.view = self.serving.snapshot.models[SIGNATURE.model]
        self.queries = [predict_protocol.decode(self.view, body) for body in self.bodies]
        self.answer = LaneAnswer({SIGNATURE.outputs[0].name: [0.5]}, 10, 20, 1)

    def assign(self, number: int) -> Any:
        """Route one of the requests."""
        routes = self.serving.snapshot.routes
        assert routes is not None
        return routes.assign(SIGNATURE.model, self.queries[number].targeting_key, {}, None)


def steps(request: Request, file: int) -> Iterator[Step]:
    """Every step, in the order of a request."""
    serving, view, queries = request.serving, request.view, request.queries
    yield Step(
        "read head and body",
        "contract/plain_request.py",
        fastest(lambda n: request.reader.split(request.sent[n])),
    )
    yield Step(
        "who calls", "auth.py",
        fastest(lambda n: serving.authenticator.authenticate(request.heads[n].headers)),
    )  # fmt: skip
    yield Step(
        "decode and validate 24 inputs", "predict_protocol.py",
        fastest(lambda n: predict_protocol.decode(view, request.bodies[n])),
    )  # fmt: skip
    yield Step("route: 5 % canary, any key", "routing.py", fastest(request.assign))
    packer = serving.snapshot.packers[STABLE]
    yield Step("pack", "packing.py", fastest(lambda n: packer.pack(queries[n].rows)))
    yield from _decision_steps(request, serving.recorder, file)
    yield from _answer_steps(request)


def _decision_steps(request: Request, recorder: Recorder, file: int) -> Iterator[Step]:
    assignment = request.assign(0)
    outcome = Outcome(assignment.reason, STABLE, request.answer)
    watch, entropy = Stopwatch(time.monotonic()), Entropy()

    def decision(number: int) -> BriefDecision:
        query = request.queries[number]
        rows = request.view.kept.of(query.rows)
        query.seen = request.view.kept, rows
        personal = recorder._personal(query, outcome, rows)  # noqa: SLF001 - one step of its own
        identifier = new_decision_id(entropy.take(RANDOM_BYTES))
        return recorder._decision(  # noqa: SLF001
            identifier, personal, query, assignment, outcome, watch, 0
        )

    made = decision(0)
    frame = encode_frame(made)
    turn = frame * TURN
    yield Step("make the decision", "record.py", fastest(decision))
    yield Step("encode it", "contract/segment.py", fastest(lambda _: encode_frame(made)))
    yield Step(
        f"write it, {TURN} in one write", "decision_log.py",
        fastest(lambda _: os.write(file, turn), TURN),
    )  # fmt: skip
    yield Step("write it, alone", "decision_log.py", fastest(lambda _: os.write(file, frame)))


def _answer_steps(request: Request) -> Iterator[Step]:
    assignment = request.assign(0)
    outcome = Outcome(assignment.reason, STABLE, request.answer)
    facts = {
        "decision_id": new_decision_id(os.urandom(RANDOM_BYTES)),
        "model_version": STABLE,
        "variant": "stable",
        "reason": "SPLIT",
        "revision": "1.2",
        "logged": True,
    }
    view, query = request.view, request.queries[0]

    def answer(_: int) -> bytes:
        reply = hot_path._reply(view, query, outcome, facts)  # noqa: SLF001 - one step of its own
        return render(reply, close=False)

    yield Step("answer: body and head", "predict.py, hot_protocol.py", fastest(answer))


async def whole(request: Request) -> float:
    """Microseconds of a whole call, with a lane that answers at once and a log that writes."""
    call = request.app.hot_call(PREDICT_PATH)
    assert call is not None
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for first in range(0, REQUESTS, TURN):
            await asyncio.gather(
                *(
                    request.app.answer_call(
                        call, head.headers, body, request.app.caller_of(call, head.headers)
                    )
                    for head, body in zip(
                        request.heads[first : first + TURN],
                        request.bodies[first : first + TURN],
                        strict=True,
                    )
                )
            )
        best = min(best, time.process_time() - started)
    return best / REQUESTS * 1e6


def answer_at_once(lanes: Iterable[Any], answer: LaneAnswer) -> None:
    """Let every lane behave as if its version had answered already."""

    def submit(*_: Any) -> "asyncio.Future[LaneAnswer]":
        future: asyncio.Future[LaneAnswer] = asyncio.get_running_loop().create_future()
        future.set_result(answer)
        return future

    for lane in lanes:
        lane.submit = submit


async def measure(home: Path, file: int) -> list[Step]:
    """Run a gateway's parts in this process over ``home`` and time them."""
    addresses = {STABLE: "unix:/nowhere/a", CANARY: "unix:/nowhere/b"}
    key = write_models_home(home, SHOP, [ServedModel(SIGNATURE, SCHEMA, addresses, 0.05)])
    config = GatewayConfig(home=home, shop=SHOP, control_plane_url="http://127.0.0.1:9")
    app = App(config, "profile", "boot")
    app._start()  # noqa: SLF001 - as uvicorn's lifespan does
    try:
        request = Request(app, key)
        settle_collector()
        found = list(steps(request, file))
        answer_at_once(app.serving.snapshot.lanes.values(), request.answer)
        found.append(Step("whole call, lane at once", "app.py", await whole(request)))
        return found
    finally:
        await app._stop()  # noqa: SLF001


def show(found: Sequence[Step], console: Console) -> None:
    """The table for people."""
    table = Table(title=f"µs of CPU per request, best of {ROUNDS} rounds of {REQUESTS}")
    for column in ("step", "file", "µs"):
        table.add_column(column, justify="right" if column == "µs" else "left")
    for step in found:
        table.add_row(step.name, step.where, f"{step.microseconds:.1f}")
    console.print(table)


@contextmanager
def quiet() -> Iterator[None]:
    """That there is no control plane is no news here."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        yield
    finally:
        structlog.configure(**before)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and, as the last line, JSON."""
    parser = argparse.ArgumentParser(prog="python -m load_tests.microseconds", description=__doc__)
    parser.parse_args(arguments)
    with (
        quiet(),
        tempfile.TemporaryDirectory(prefix="sbx-") as name,
        (Path(name) / "log").open("wb") as log,
    ):
        found = uvloop.run(measure(Path(name) / "home", log.fileno()))
    show(found, Console(stderr=True))
    report = {
        "machine": machine.describe(),
        "steps": {step.name: round(step.microseconds, 2) for step in found},
    }
    print(json.dumps(report, separators=(",", ":")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
