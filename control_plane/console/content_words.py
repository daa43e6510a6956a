"""A release's content, and a version's manifest, in words that can be laid side by side."""

import json
from collections.abc import Mapping
from typing import Any

from bentos.contract.manifest import Manifest
from bentos.contract.route import BUCKETS
from control_plane.console.elements.share import percent

HOUR_S = 3600


def content_words(content: Mapping[str, Any]) -> dict[str, str]:
    """Exactly what an approval is bound to."""
    words = {
        "Candidate": str(content["candidate"]),
        "On top of": content["stable"] or "nothing: it is the first version",
        "Kind": content["kind"],
        "Shadow first": "yes" if content["shadow"] else "no",
        "Steps": " → ".join(_step(each) for each in _plan(content)) or "at once to everybody",
        "For whom": "everybody",
    }
    if content["condition"]:
        words["For whom"] = json.dumps(content["condition"], sort_keys=True)
    return words


def manifest_words(manifest: Manifest) -> dict[str, str]:
    """What a judge of a version looks at first."""
    offline, parity = manifest.offline, manifest.parity
    primary = offline.primary
    direction = "more is better" if offline.higher_is_better else "less is better"
    return {
        f"{primary} ({direction})": f"{offline.model[primary]:g}",
        f"{primary} of “{offline.baseline_name}”": f"{offline.baseline[primary]:g}",
        "Protocol": offline.protocol,
        "Parity": f"{parity.mismatches} of {parity.rows + parity.edge_rows:,} rows differ",
        "Trained on": f"{manifest.dataset.rows:,} rows, {manifest.dataset.digest[:12]}",
        "Consent": manifest.consent_basis,
        "Features": ", ".join(each.name for each in manifest.features.features),
        "Code": manifest.code_commit[:12],
        "Size and time": _budgets(manifest.budgets),
    }


def _plan(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    # Before steps could ask for anything, a content had weights only.
    return content.get("plan") or [{"weight": each} for each in content.get("steps") or ()]


def _step(step: Mapping[str, Any]) -> str:
    asks = []
    if step.get("hold_s"):
        asks.append(hours(step["hold_s"]))
    if step.get("minimum_sample"):
        asks.append(f"{step['minimum_sample']:,} visitors")
    if step.get("manual_gate"):
        asks.append("gate")
    share = percent(round(step["weight"] * BUCKETS))
    return f"{share} ({', '.join(asks)})" if asks else share


def hours(seconds: float) -> str:
    """``24 h`` or ``90 s``: whole hours where it is some."""
    return f"{seconds / HOUR_S:g} h" if seconds >= HOUR_S / 4 else f"{seconds:g} s"


def _budgets(budgets: Mapping[str, float]) -> str:
    size, time = budgets.get("onnx_bytes", 0) / 1024, budgets.get("p50_us", 0)
    return f"{size:,.0f} KiB, {time:g} µs a row"
