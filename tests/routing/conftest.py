"""GrowthBook's two evaluators: the Python package the gateway uses, and the JavaScript SDK."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from growthbook.common_types import (
    EvaluationContext,
    Feature,
    GlobalContext,
    Options,
    StackContext,
    UserContext,
)
from growthbook.core import eval_feature
from hypothesis import HealthCheck, settings

settings.register_profile(
    "signalbox", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("signalbox")

# value, source, variation key, variation name, bucket
Answer = tuple[Any, str, str | None, str | None, float | None]
Case = tuple[str, dict[str, Any]]
JS = Path(__file__).with_name("js")


def evaluate_in_python(features: dict[str, Any], cases: list[Case]) -> list[Answer]:
    context = GlobalContext(
        options=Options(),
        features={
            key: Feature(definition["defaultValue"], [dict(r) for r in definition.get("rules", ())])
            for key, definition in features.items()
        },
    )
    return [_evaluate(context, feature, attributes) for feature, attributes in cases]


def _evaluate(context: GlobalContext, feature: str, attributes: dict[str, Any]) -> Answer:
    user = UserContext(attributes=attributes)
    evaluation = EvaluationContext(user=user, global_ctx=context, stack=StackContext())
    result = eval_feature(feature, evaluation)
    experiment = result.experimentResult
    if experiment is None:
        return result.value, result.source, None, None, None
    return result.value, result.source, experiment.key, experiment.name, experiment.bucket


@pytest.fixture(scope="session")
def evaluate() -> Callable[[dict[str, Any], list[Case]], list[Answer]]:
    """The Python package's evaluator over the ``features`` of a payload."""
    return evaluate_in_python


@pytest.fixture(scope="session")
def evaluate_in_javascript() -> Callable[..., list[list[Answer]]]:
    """GrowthBook's JavaScript SDK under Node, installed from the lock on first use."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are needed to compare with GrowthBook's JavaScript SDK")
    _install(npm)

    def run(payloads: list[dict[str, Any]], cases: list[Case]) -> list[list[Answer]]:
        done = subprocess.run(
            [node, "evaluate.mjs"],
            cwd=JS,
            input=json.dumps({"payloads": payloads, "cases": cases}).encode(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return [[tuple(answer) for answer in answers] for answers in json.loads(done.stdout)]

    return run


def _install(npm: str) -> None:
    """``npm ci`` unless what is there came from this very lock."""
    lock = hashlib.sha256((JS / "package-lock.json").read_bytes()).hexdigest()
    installed = JS / "node_modules" / ".installed-from"
    if installed.is_file() and installed.read_text(encoding="utf-8") == lock:
        return
    done = subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=JS,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"npm ci failed, no package registry in reach: {done.stderr.decode()[-300:]}")
    installed.write_text(lock, encoding="utf-8")
