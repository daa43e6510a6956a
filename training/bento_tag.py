"""Whether a version stands in BentoML's stores, told without importing BentoML."""

from pathlib import Path


def stands_in_store(home: Path, version: str) -> bool:
    """True if both its bento and its graph are there under the full tag."""
    name, _, number = version.partition(":")
    bento = home / "bentos" / name / number / "bento.yaml"
    graph = home / "models" / name / number / "model.yaml"
    return bento.is_file() and graph.is_file()
