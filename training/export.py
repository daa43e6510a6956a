"""The export step alone: the graph as a file of the lake, with its parity report."""

from pathlib import Path
from typing import Any

import msgspec

from bentos.contract.manifest import ParityReport
from training import atomic
from training.fingerprint import file_digest
from training.fitted import Fitted
from training.lake import Snapshot
from training.parity import check_parity
from training.recipes import Request
from training.settings import Settings


def export_graph(
    settings: Settings, snapshot: Snapshot, request: Request, fitted: Fitted
) -> tuple[Path, ParityReport]:
    """Write the graph and hold it against its model; on a miss the file is taken away again."""
    path = settings.lake / "exports" / f"{request.model}-{snapshot.digest[:16]}-{request.seed}.onnx"
    atomic.write_bytes(path, fitted.onnx)
    try:
        return path, check_parity(path, fitted)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def export(
    settings: Settings, snapshot: Snapshot, request: Request, fitted: Fitted
) -> dict[str, Any]:
    """What the step prints."""
    path, parity = export_graph(settings, snapshot, request, fitted)
    return {
        "onnx": path.as_posix(),
        "onnx_digest": file_digest(path),
        "parity": msgspec.to_builtins(parity),
    }
