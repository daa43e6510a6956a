"""The model card: what a version is, was made of, passed, and must not be used for.

``card.json`` and ``card.html`` lie beside the manifest. Equal inputs give equal bytes, but for
what a machine measured.
"""

from pathlib import Path
from typing import Any

import msgspec

from bentos.contract.manifest import Manifest
from training import atomic
from training.fingerprint import file_digest, key_of
from training.gate import MAX_ONNX_BYTES, MAX_P50_US
from training.lake import Snapshot
from training.nightly.night import Night
from training.nightly.outputs import Built, Card, Checked, Exported, Fit, Gate, Judged, Split
from training.run import read_manifest

PAGE_FILE, DATA_FILE = "card.html", "card.json"
TEMPLATE = Path(__file__).with_name("card.html.j2")
PURPOSES = {
    "fraud": "The probability that an order is fraudulent, as known when it is placed. It "
    "supports a person's review; it does not decide alone.",
    "recommendations": "Ten products a shopper may buy next, from the last 64 they bought.",
    "pricing": "The price within an allowed band with the best expected margin, and the demand "
    "foreseen at each price of the band.",
}
LIMITS = {
    "fraud": (
        "Figures on injected fraud show that the pipeline works; they say nothing of a shop.",
    ),
    "recommendations": ("Products outside the catalogue are never recommended.",),
    "pricing": ("Demand far from prices that were asked is extrapolation.",),
}


def card(  # noqa: PLR0913, PLR0917 - everything it tells of
    night: Night,
    model: str,
    checked: Checked,
    snapshot: Snapshot,
    split: Split,
    fit: Fit,
    judged: Judged,
    exported: Exported,
    built: Built,
) -> Card:
    """Write the card beside the manifest of a version."""
    manifest = read_manifest(Path(built.manifest_path))
    data = contents(manifest, checked, split, judged, exported)
    drawn = _drawn(manifest, split, judged, night.nightly.nightly_margin)
    folder = Path(built.manifest_path).parent
    assert manifest.model == model
    files = {
        DATA_FILE: msgspec.json.format(msgspec.json.encode(data), indent=2),
        PAGE_FILE: page(data, drawn),
        **{f"card-{name}.svg": content for name, content in drawn.items()},
    }
    for name, content in files.items():
        atomic.write_bytes(folder / name, content)
    digests = {name: file_digest(folder / name) for name in files}
    whole = key_of(version=built.version, dataset=snapshot.digest, fit=fit.digest, of=judged.digest)
    return Card(folder=folder.as_posix(), files=digests, digest=whole)


def stands(made: Card) -> bool:
    """Whether every file of the card is there as it was written."""
    folder = Path(made.folder)
    return all(
        (folder / name).is_file() and file_digest(folder / name) == digest
        for name, digest in made.files.items()
    )


def contents(
    manifest: Manifest, checked: Checked, split: Split, judged: Judged, exported: Exported
) -> dict[str, Any]:
    """What ``card.json`` holds."""
    offline = manifest.offline
    names = dict.fromkeys((*offline.model, *offline.baseline))
    return {
        "schema": 1,
        "version": manifest.version,
        "model": manifest.model,
        "state": manifest.state.value,
        "rejection": manifest.rejection,
        "purpose": PURPOSES.get(manifest.model, ""),
        "protocol": offline.protocol,
        "primary": offline.primary,
        "higher_is_better": offline.higher_is_better,
        "baseline_name": offline.baseline_name,
        "figures": [
            {"name": n, "model": offline.model.get(n), "baseline": offline.baseline.get(n)}
            for n in names
        ],
        "champion": judged.champion,
        "improvement": msgspec.to_builtins(judged.improvement),
        "gates": [msgspec.to_builtins(gate) for gate in all_gates(manifest, split, judged)],
        "data": {
            "first": checked.first,
            "last": checked.last,
            "border": split.border,
            "windows": split.rows,
            "source": manifest.dataset.source,
            "digest": manifest.dataset.digest,
            "rows": manifest.dataset.rows,
            "consent_basis": manifest.consent_basis,
            "checks": list(checked.checks),
        },
        "limits": [*manifest.dataset.assumptions, *LIMITS.get(manifest.model, ())],
        "lineage": {
            "onnx": exported.onnx_digest,
            "bento": manifest.bento_digest,
            "feature schema": manifest.features.digest(),
            "feature views": ", ".join(manifest.feature_views) or "none",
            "code commit": manifest.code_commit,
            "lock": manifest.lock_digest,
            "seed": str(manifest.seed),
            "kernels": ", ".join(f"{k} {v}" for k, v in manifest.cpu_kernels.items()),
            "MLflow run": manifest.mlflow_run_id or "none",
        },
    }


def all_gates(manifest: Manifest, split: Split, judged: Judged) -> tuple[Gate, ...]:
    """Leakage, answers, parity and budgets, each with its numbers."""
    parity, budgets = manifest.parity, manifest.budgets
    size, took = budgets["onnx_bytes"], budgets["p50_us"]
    return (
        Gate(
            name="leakage",
            passed=True,
            said=f"nothing learned from {split.border} on; {split.twins} rows on both sides",
        ),
        *judged.gates,
        Gate(
            name="parity",
            passed=parity.passed,
            said=(
                f"{parity.mismatches} of {parity.rows + parity.edge_rows} rows differ, largest "
                f"error {parity.max_abs_error:.2g}; {parity.tolerance}"
            ),
        ),
        Gate(
            name="size",
            passed=size <= MAX_ONNX_BYTES,
            said=f"{size:,.0f} bytes of {MAX_ONNX_BYTES:,}",
        ),
        Gate(
            name="latency",
            passed=took <= MAX_P50_US,
            said=f"{took:.1f} µs a row (median) of {MAX_P50_US:,.0f}",
        ),
    )


def page(data: dict[str, Any], drawn: dict[str, bytes]) -> bytes:
    """The card for people: one file, with its plots inside."""
    import jinja2  # noqa: PLC0415 - only where a card is made

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(TEMPLATE.read_text("utf-8"))
    plots = {name: _inline(drawn.get(name)) for name in ("figures", "interval", "windows")}
    return template.render(card=data, plots=plots).encode()


def _inline(svg: bytes | None) -> str:
    """An SVG document as an element of a page: without its XML prologue."""
    if svg is None:
        return ""
    text = svg.decode()
    return text[text.index("<svg") :]


def _drawn(manifest: Manifest, split: Split, judged: Judged, margin: float) -> dict[str, bytes]:
    from training.nightly import plots  # noqa: PLC0415

    drawn = {"figures": plots.figures(manifest.offline), "windows": plots.windows(split.rows)}
    if judged.improvement is not None and judged.champion is not None:
        drawn["interval"] = plots.interval(judged.improvement, judged.champion, margin)
    return drawn
