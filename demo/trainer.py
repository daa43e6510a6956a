"""Orders in, versions out: runs the training command and reads what it reports."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bentos.contract import canonical
from bentos.contract.manifest import Manifest, VersionState
from demo.board import Board
from demo.children import Children
from demo.options import Options

# Two versions of two models: the first on orders up to four weeks ago, the second on all.
FIRST_AS_OF = "-28d"
VERSIONS = (
    f"fraud@{FIRST_AS_OF}",
    "fraud",
    f"recommendations@{FIRST_AS_OF}",
    "recommendations",
    "pricing",
)
# sync and pseudonymise, then for each version: features, fit, parity, bento, tracking.
STEPS = 2 + 5 * len(VERSIONS)
_TOLD = re.compile(r"\d+\.\d s$")


@dataclass(frozen=True)
class Trained:
    """``instances``: model → JSON of single rows to ask about."""

    rows_read: int
    source: str
    manifests: list[Manifest]
    cached: int
    instances: dict[str, list[bytes]]

    @property
    def manifest_bodies(self) -> list[Any]:
        """As the control plane takes them."""
        return [canonical.as_builtins(manifest) for manifest in self.manifests]

    @property
    def dataset_digests(self) -> dict[str, str]:
        """Version → digest of what it was trained on."""
        return {manifest.version: manifest.dataset.digest for manifest in self.manifests}

    def why_rejected(self, model: str) -> str:
        """What the gates said of the versions that did not pass."""
        rejected = [m for m in self.manifests if m.model == model and m.rejection is not None]
        return "; ".join(f"{m.version}: {m.rejection}" for m in rejected)

    def of(self, model: str) -> list[str]:
        """Releasable versions of a model, in the order they were made."""
        return [
            manifest.version
            for manifest in self.manifests
            if manifest.model == model and manifest.state is VersionState.REGISTERED
        ]


async def train(children: Children, options: Options, board: Board) -> Trained:
    """Make every version, or find that nothing changed; raises DemoError when a step fails."""
    with board.stage("orders → three models → ONNX → bentos", total=STEPS) as stage:
        command = ["training", "run-all", "--json", *_source(options), *_versions()]

        def show(line: str) -> None:
            """Training tells each finished step in a line of its own."""
            if line.strip():
                stage.detail = " ".join(line.split())
                stage.done += bool(_TOLD.search(line))
                board.say(f"  {stage.detail}")

        output = await children.step("training", *command, on_line=show)
        report = msgspec.json.decode(output)
        manifests = [_manifest(Path(entry["manifest_path"])) for entry in report["versions"]]
        cached = sum(entry["cached"] for entry in report["versions"])
        rows = int(report["orders"]["rows"])
        stage.detail = f"{rows:,} rows, {len(manifests)} versions, {cached} unchanged"
    with board.stage("what shoppers ask"):
        instances = await _questions(children, options.home, manifests)
    return Trained(
        rows_read=rows,
        source=str(report["orders"]["mapping"]),
        manifests=manifests,
        cached=cached,
        instances=instances,
    )


async def _questions(
    children: Children, home: Path, manifests: list[Manifest]
) -> dict[str, list[bytes]]:
    latest = {manifest.model: manifest.dataset.digest for manifest in manifests}
    out = home / "demo" / f"questions-{canonical.digest(latest)[:16]}.json"
    if not out.is_file():
        folders = [
            argument
            for model, digest in latest.items()
            for argument in (str(home / "lake" / "snapshots" / digest), model)
        ]
        await children.step("questions", "demo.questions", str(out), *folders)
    drawn = msgspec.json.decode(out.read_bytes(), type=dict[str, list[msgspec.Raw]])
    return {model: [bytes(row) for row in rows] for model, rows in drawn.items()}


def _manifest(path: Path) -> Manifest:
    return msgspec.json.decode(path.read_bytes(), type=Manifest)


def _source(options: Options) -> list[str]:
    given: list[str] = []
    if options.orders is not None:
        given += ["--orders", str(options.orders)]
    if options.mapping is not None:
        given += ["--mapping", options.mapping]
    return given


def _versions() -> list[str]:
    return [argument for version in VERSIONS for argument in ("--version", version)]
