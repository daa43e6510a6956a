"""``make locust``: a gateway of its own, shoppers to watch in a browser, and what happens to them.

    make locust ARGS="flash-sale"                  # http://127.0.0.1:8089
    make locust ARGS="rollback --headless --seconds 30"

Bounded: it ends by itself after ``--seconds``. The exit code is Locust's: 1 if a request failed.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bentos.contract.documents import DocumentName, RoutesBody
from bentos.contract.errors import ContractError
from bentos.contract.route import compile_features
from load_tests.bench_versions import FRAUD, build_versions, write_stand_in
from load_tests.documents import ServedModel, publish_document
from load_tests.fraud_inputs import SCHEMA, SIGNATURE
from load_tests.model_rows import ModelRows
from load_tests.our_sides import PREDICT_PATH, Gateway, start_gateway, start_worker
from load_tests.peer_environments import ENVIRONMENTS, PeerAbsentError, make
from load_tests.rig import HOST, Rig

ROOT = Path(__file__).parent
EXIT_BAD_INPUT = 2
MAX_SHOPPERS, MAX_SECONDS = 500, 600.0
CANARY_WEIGHT = 0.5
ROWS = 200
WEB_PORT = 8089
# The browser may look at the result for so long, seconds.
LINGER = 30


@dataclass(frozen=True)
class Stage:
    """What a scenario acts on."""

    gateway: Gateway
    home: Path
    model: ServedModel
    canary_pid: int


@dataclass(frozen=True)
class Scenario:
    """``file`` says how many shoppers come when; ``happens`` at half time, to them all."""

    file: str
    text: str
    happens: Callable[[Stage], None] | None = None


def _roll_back(stage: Stage) -> None:
    """Everything to stable again, by a rolling restart: there is no control plane to push it."""
    model = ServedModel(SIGNATURE, SCHEMA, dict(list(stage.model.addresses.items())[:1]))
    body = RoutesBody(features=compile_features((model.route(),)))
    publish_document(stage.home, DocumentName.ROUTES, body)
    os.kill(stage.gateway.pid, signal.SIGHUP)


def _kill_canary(stage: Stage) -> None:
    os.kill(stage.canary_pid, signal.SIGKILL)


SCENARIOS = {
    "steady": Scenario("steady.py", "all shoppers, all the time"),
    "flash-sale": Scenario("flash_sale.py", "ten times the shoppers in the middle third"),
    "ramp": Scenario("ramp.py", "shoppers arrive until the end"),
    "rollback": Scenario("steady.py", "half time: the canary is rolled back", _roll_back),
    "bento-down": Scenario("steady.py", "half time: the canary's worker is killed", _kill_canary),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one scenario; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        _check(options)
        make(ENVIRONMENTS["locust"], lambda text: print(text, file=sys.stderr, flush=True))
        return _run(options)
    except (ContractError, PeerAbsentError) as error:
        print(f"locust: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    told = "; ".join(f"{name}: {scenario.text}" for name, scenario in SCENARIOS.items())
    parser = argparse.ArgumentParser(prog="python -m load_tests.locust_scenario", epilog=told)
    parser.add_argument("scenario", nargs="?", default="steady", choices=SCENARIOS)
    parser.add_argument("--shoppers", type=int, default=50, help=f"at most {MAX_SHOPPERS}")
    parser.add_argument("--seconds", type=float, default=60.0, help=f"at most {MAX_SECONDS:g}")
    parser.add_argument("--headless", action="store_true", help="no browser: a table at the end")
    return parser


def _check(options: argparse.Namespace) -> None:
    if not 1 <= options.shoppers <= MAX_SHOPPERS:
        raise ContractError("--shoppers", f"1 to {MAX_SHOPPERS}", options.shoppers)
    if not 1 <= options.seconds <= MAX_SECONDS:
        raise ContractError("--seconds", f"1 to {MAX_SECONDS:g}", options.seconds)


def _run(options: argparse.Namespace) -> int:
    scenario = SCENARIOS[options.scenario]
    with tempfile.TemporaryDirectory(prefix="sbx-") as name, ExitStack() as stack:
        stage = _set(Rig(Path(name), None, stack))
        command, environment = _locust(options, scenario, stage, Path(name))
        with subprocess.Popen(command, env={**os.environ, **environment}) as locust:
            if scenario.happens is not None:
                try:
                    return locust.wait(options.seconds / 2)
                except subprocess.TimeoutExpired:
                    print(f"locust: {scenario.text}", file=sys.stderr, flush=True)
                    scenario.happens(stage)
            return locust.wait()


def _set(rig: Rig) -> Stage:
    """A gateway, a stable worker, and a canary that gets half of the shoppers."""
    onnx, store = rig.folder / "stand_in.onnx", rig.folder / "store"
    write_stand_in(onnx)
    digests = build_versions(FRAUD, onnx, store)
    stable, canary = (
        start_worker(rig, name, version, digests[version], store)
        for name, version in zip(("stable", "canary"), digests, strict=False)
    )
    tags = list(digests)
    addresses = {tags[0]: stable.address, tags[1]: canary.address}
    model = ServedModel(SIGNATURE, SCHEMA, addresses, CANARY_WEIGHT)
    gateway = start_gateway(rig, "gateway", [model], {})
    return Stage(gateway, rig.folder / "home_gateway", model, canary.pids[0])


def _locust(
    options: argparse.Namespace, scenario: Scenario, stage: Stage, folder: Path
) -> tuple[list[str], dict[str, str]]:
    rows = folder / "rows.json"
    bodies = ModelRows(SIGNATURE, SCHEMA, count=ROWS).named()
    rows.write_text(json.dumps([json.loads(body)["instances"][0] for body in bodies]))
    command = [
        ENVIRONMENTS["locust"].program("locust"),
        *("-f", str(ROOT / "locust" / scenario.file)),
        *("--host", f"http://{HOST}:{stage.gateway.port}"),
    ]
    if scenario.file == "steady.py":
        users = str(options.shoppers)
        command += ["-u", users, "-r", users, "--run-time", f"{options.seconds:.0f}s"]
    if options.headless:
        command += ["--headless", "--only-summary"]
    else:
        command += ["--web-host", HOST, "--web-port", str(WEB_PORT), "--autostart"]
        command += ["--autoquit", str(LINGER)]
        print(f"locust: http://{HOST}:{WEB_PORT}", file=sys.stderr, flush=True)
    return command, {
        "PYTHONPATH": "",
        "LOCUST_PATH": PREDICT_PATH,
        "LOCUST_KEY": stage.gateway.key,
        "LOCUST_ROWS": str(rows),
        "LOCUST_SHOPPERS": str(options.shoppers),
        "LOCUST_SECONDS": str(options.seconds),
    }


if __name__ == "__main__":
    sys.exit(main())
