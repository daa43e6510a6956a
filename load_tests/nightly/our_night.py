"""The nightly run as it is: its own command, and the times of its own run manifest."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from load_tests.nightly.measured_run import Ran, run
from load_tests.nightly.scaled_orders import RealSet


@dataclass(frozen=True)
class Night:
    """One run: seconds by step, in the order of the plan, and the process they were spent in."""

    ran: Ran
    steps: Mapping[str, float]
    record: dict[str, Any]


def night(home: Path, orders: Path, real: RealSet, settings: Mapping[str, str]) -> Night:
    """Run a night on a fresh home. Raises RuntimeError, with what it said, if a step failed."""
    home.mkdir(parents=True)
    command = [sys.executable, "-m", "training", "nightly", "--offline", "--json", "--fresh"]
    command += ["--orders", str(orders), "--mapping", real.mapping, "--now", real.now]
    log = home / "night.log"
    ran = run(command, {"SIGNALBOX_HOME": str(home), **settings}, log)
    if not ran.output:
        raise RuntimeError(f"the night ended with {ran.code}: {log.read_text()[-2000:]}")
    record = json.loads(ran.output)
    failed = {s["step"]: s["error"] for s in record["steps"] if s["outcome"] != "done"}
    if failed or ran.code != 0:
        raise RuntimeError(f"the night ended with {ran.code}: {failed}")
    return Night(ran, {s["step"]: s["seconds"] for s in record["steps"]}, record)
