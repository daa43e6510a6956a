"""What a figure was measured on."""

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("bentoml", "onnxruntime", "uvicorn", "uvloop", "httptools", "growthbook", "numpy")


def describe() -> dict[str, str]:
    """CPU, cores, kernel, Python and the packages that matter."""
    return {
        "cpu": _cpu_model(),
        "cores": f"{len(os.sched_getaffinity(0))} of {os.cpu_count()} usable",
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {sys.version.split()[0]}",
        **{package: version(package) for package in PACKAGES},
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or "unknown"
