"""A home with a control plane of its own, and nights run in it as processes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from bentos.contract.training_consent import Purpose, Use
from tests.control_plane.plane import Plane
from tests.training.made_up_shop import ROOT

# Orders of the made-up shop end in September 2024.
NIGHT = "2024-09-20T02:30:00Z"
CONSENT = {
    "text_version": "2026-11",
    "text_digest": "a" * 64,
    "given_by": "M. Moreau, managing director",
    "document": "agreement of 2026-11-20",
}
NEXT_NIGHT = "2024-09-21T02:30:00Z"


class Installation:
    """``orders``: the order file of its nights, None: the connected shop. Without ``plane`` its
    nights are offline."""

    def __init__(self, home: Path, orders: Path | None, models=("fraud",), plane=None):
        self.home, self.orders, self.models, self.plane = home, orders, models, plane

    def command(self, *more, now=NIGHT):
        models = [part for model in self.models for part in ("--model", model)]
        where = ["--offline"] if self.plane is None else ["--control-plane", self.plane.url]
        return [
            *(sys.executable, "-m", "training", "nightly", "--json", "--now", now),
            *self.source,
            *("--consent-basis", "contract: test"),
            *(*models, *where, *more),
        ]

    @property
    def source(self):
        return ["--shop"] if self.orders is None else ["--orders", str(self.orders)]

    @property
    def environment(self):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SIGNALBOX_", "BENTOML"))}
        return {**kept, "SIGNALBOX_HOME": str(self.home)}

    def night(self, *more, now=NIGHT, code=0, **variables):
        done = subprocess.run(
            self.command(*more, now=now),
            cwd=ROOT,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == code, done.stderr + done.stdout
        return json.loads(done.stdout)

    def killed_in(self, step, after_s=0.0, now=NIGHT):
        """Start a night and kill it in this step; whether it was still under way."""
        before = self._newest()
        process = subprocess.Popen(
            self.command(now=now),
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 120
        try:
            while process.poll() is None and not self.began(step, before):
                assert time.monotonic() < end, f"{step} never began"
                time.sleep(0.001)
            time.sleep(after_s)
        finally:
            process.send_signal(signal.SIGKILL)
            code = process.wait(60)
        return code == -signal.SIGKILL

    def began(self, step, before):
        """Whether a run went on or began since it was ``before``, and came to this step."""
        return self._newest() > before and step in steps(self.record())

    def _newest(self):
        record = self.record()
        return record.get("id", ""), record.get("resumed", -1)

    def record(self):
        found = sorted((self.home / "lake/runs/nightly").glob("[0-9]*.json"))
        return json.loads(found[-1].read_text()) if found else {"steps": []}


def with_plane(home: Path, orders: Path | None, models=("fraud",)) -> Installation:
    """The installation with its control plane running; close ``plane`` afterwards."""
    plane = Plane(home)
    plane.initialise()
    plane.start()
    merchant = plane.person("compliance")
    for purpose in Purpose:
        told = {"purpose": purpose.value, "use": Use.TRAIN.value, **CONSENT}
        answer = merchant.post("/api/v1/consents", json=told)
        assert answer.status_code == 201, answer.text
    return Installation(home, orders, models, plane)


def twin_of(one: Installation, home: Path) -> Installation:
    """Another installation with the same keys, people and consents; its plane runs as well."""
    one.plane.stop()
    shutil.copytree(one.home, home)
    one.plane.start()
    plane = Plane(home)
    plane.start()
    return Installation(home, one.orders, one.models, plane)


def steps(record):
    """Step → its entry."""
    return {step["step"]: step for step in record["steps"]}
