"""Builds the tiny bento into a store, in a process of its own as BentoML wants it."""

import json
import os
import subprocess
import sys
from pathlib import Path

BUILD = Path(__file__).with_name("build.py")


def build_tiny(project: Path, version: str, environment: dict[str, str]) -> str:
    """Build ``tiny:<version>`` into the environment's BENTOML_HOME; returns its digest."""
    built = subprocess.run(
        [sys.executable, BUILD, project, version],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    digest: str = json.loads(built.stdout.splitlines()[-1])["digest"]
    return digest


def bentoml_environment(home: Path) -> dict[str, str]:
    """This process's environment with another store, and without telemetry."""
    return {**os.environ, "BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "true"}
