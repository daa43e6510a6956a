"""BentoML's stores under the project's home, one writer at a time.

BentoML registers an item by creating its folder and filling it, so a reader may see half of
one. Writers hold a lock; what a manifest names was complete when the manifest was written.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bentoml
import yaml
from bentoml._internal.bento import BentoStore
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.models import ModelStore

from bentos.bento_files import MODEL_ALIAS, ONNX_FILE, digest_of
from bentos.contract.errors import ContractError
from training.fingerprint import ROOT

# BentoML wants exactly this word.
os.environ["BENTOML_DO_NOT_TRACK"] = "true"


def use(home: Path) -> None:
    """Point this process's BentoML at the stores below ``home``."""
    home = home.resolve()
    os.environ["BENTOML_HOME"] = str(home)
    for name in ("bentos", "models", "envs", "tmp"):
        (home / name).mkdir(parents=True, exist_ok=True)
    BentoMLContainer.bentoml_home.set(str(home))
    BentoMLContainer.tmp_bento_store_dir.set(str(home / "tmp"))
    BentoMLContainer.bento_store.set(BentoStore(str(home / "bentos")))
    BentoMLContainer.model_store.set(ModelStore(str(home / "models")))


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold the stores' lock."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".signalbox.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def store_graph(version: str, content: bytes) -> Path:
    """Put a graph into the model store under the version's tag; returns the stored file.

    What stands there under this tag from an interrupted run is replaced.
    """
    discard(version)
    with bentoml.models.create(version) as model:
        Path(model.path_of(ONNX_FILE)).write_bytes(content)
    return Path(bentoml.models.get(version).path_of(ONNX_FILE))


def build_bento(version: str) -> str:
    """Build the version's bento, pinned to the graph of the same tag; returns its digest."""
    model, _, number = version.partition(":")
    options = bentofile(model)
    with tempfile.TemporaryDirectory() as context:
        _copy_sources(options["include"], Path(context))
        bento = bentoml.build(
            options["service"],
            name=options["name"],
            version=number,
            labels=options.get("labels"),
            include=options["include"],
            exclude=options.get("exclude"),
            python=options["python"],
            models=[{"tag": version, "alias": MODEL_ALIAS}],
            build_ctx=context,
        )
    return digest_of(bento)


def discard(version: str) -> None:
    """Take a version's bento and graph out of the stores, if they are there."""
    for store in (bentoml.bentos, bentoml.models):
        if any(str(item.tag) == version for item in store.list()):
            store.delete(version)


def bentofile(model: str) -> dict[str, Any]:
    """The build options of bentos/<model>/bentofile.yaml."""
    options = yaml.safe_load((ROOT / "bentos" / model / "bentofile.yaml").read_text("utf-8"))
    if not isinstance(options, dict):
        raise ContractError(f"bentos/{model}/bentofile.yaml", "build options", options)
    return options


def _copy_sources(patterns: list[str], context: Path) -> None:
    """Only what the bento includes: BentoML walks its whole build context, caches and all."""
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            target = context / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
