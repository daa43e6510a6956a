"""Measurements into one report: medians and spread, floors and targets, memory."""

import shlex
import statistics
import sys
from collections.abc import Sequence
from typing import Any

from load_tests import machine
from load_tests.floors import Claim, claims, effect_claims
from load_tests.our_sides import CANARY_WEIGHT
from load_tests.rounds import Figures

# Beyond this the client may be what is measured.
CLIENT_LIMIT = 0.9


def figure_row(single: Figures, many: Figures) -> dict[str, Any]:
    """One side: latency at one connection, throughput at many, what went wrong."""
    p50 = single.percentile_ms(0.5) or [0.0]
    p99 = many.percentile_ms(0.99) or [0.0]
    return {
        "label": many.side.label,
        "body": many.side.body,
        "p50_ms": round(statistics.median(p50), 3),
        "p50_ms_spread": [round(min(p50), 3), round(max(p50), 3)],
        "per_second": round(statistics.median(many.per_second), 1),
        "per_second_spread": [round(min(many.per_second), 1), round(max(many.per_second), 1)],
        "per_second_rounds": [round(value, 1) for value in many.per_second],
        "p50_ms_rounds": [round(value, 4) for value in p50],
        "p99_ms": round(statistics.median(p99), 2),
        "cpu_us": round(many.cpu_us, 1),
        "answered": single.answered + many.answered,
        "failed": single.failed + many.failed,
        "shed": single.shed + many.shed,
        "failures": [*single.failures, *many.failures][:3],
        "client_busy": round(many.busy, 2),
    }


def compared(rows: dict[str, dict[str, Any]], overload: dict[str, Any] | None) -> dict[str, Any]:
    """The figures the claims are about; None where a side did not run.

    Ratios are taken round by round, where both sides met the same machine; then their median.
    """
    figures: dict[str, Any] = {
        "per_bentoml": _ratio(rows, "per_second_rounds", "gateway", "bentoml"),
        "per_bentoml_best": _ratio(rows, "per_second_rounds", "gateway", "bentoml_best"),
        "per_mlserver": _ratio(rows, "per_second_rounds", "gateway", _faster_mlserver(rows)),
        "per_echo": _ratio(rows, "per_second_rounds", "gateway", "echo"),
        "p50_per_bentoml": _ratio(rows, "p50_ms_rounds", "gateway", "bentoml"),
        "overload_p99": None,
        "overload_goodput": None,
    }
    if overload is not None:
        figures["overload_p99"] = overload["p99_ratio"]
        figures["overload_goodput"] = overload["goodput_ratio"]
    return figures


def overload_row(many: Figures, overload: Figures) -> dict[str, Any]:
    """Far more connections than it takes against just many: rounds are paired."""
    return {
        "connections": overload.connections,
        "per_second": round(statistics.median(overload.per_second), 1),
        "p99_ms": round(statistics.median(overload.percentile_ms(0.99) or [0.0]), 2),
        "p99_ratio": _paired(overload.percentile_ms(0.99), many.percentile_ms(0.99)),
        "goodput_ratio": _paired(overload.per_second, many.per_second),
        "shed": overload.shed,
        "answered": overload.answered,
        "failed": overload.failed,
        "failures": overload.failures,
    }


def gateway_facts(status: dict[str, Any]) -> dict[str, Any]:
    """What proves that everything was on: decisions written, traffic on the canary."""
    answered = {version: lane["answered"] for version, lane in status["lanes"].items()}
    total = sum(answered.values())
    canary = answered[sorted(answered)[1]] / total if total and len(answered) > 1 else 0.0
    batches = sum(lane["batches"] for lane in status["lanes"].values())
    return {
        "decisions_written": status["decisions"]["written"],
        "decisions_lost": status["decisions"]["lost"],
        "canary_answers": round(canary, 4),
        "canary_weight": CANARY_WEIGHT,
        "rows_per_batch": round(total / max(1, batches), 1),
    }


def frame(settings: dict[str, Any], origin: str, busy: float) -> dict[str, Any]:
    """What a report starts with: how it was made, on what."""
    return {
        "command": shlex.join(["python", "-m", "load_tests.bench", *sys.argv[1:]]),
        "machine": machine.describe(),
        "load_before": round(busy, 2),
        "graph": origin,
        **settings,
    }


def judge(report: dict[str, Any]) -> None:
    """Add ``claims`` and ``missed``, the floors this report misses and what makes it void."""
    made = claims(report["compared"]) + effect_claims(report.get("effects", {}))
    report["claims"] = [claim.row() for claim in made]
    report["missed"] = _void(report) + [claim.problem() for claim in made if claim.missed]
    report["notes"] = _notes(report, made)


def _void(report: dict[str, Any]) -> list[str]:
    """What makes the figures worthless, whatever they are."""
    problems = []
    rows = dict(report["sides"])
    if report.get("overload"):
        rows["overload"] = report["overload"]
    for name, row in rows.items():
        if not row["answered"]:
            problems.append(f"{name}: expected answers, got none")
        if row["failed"]:
            problems.append(f"{name}: {row['failed']} requests failed: {row['failures'][:1]}")
        if row["shed"] and name != "overload":
            problems.append(f"{name}: {row['shed']} requests were shed without overload")
    problems += [
        f"effect {name}: {effect['failed']} requests failed"
        for name, effect in report.get("effects", {}).items()
        if effect["failed"]
    ]
    facts, asked = report.get("gateway"), report["sides"].get("gateway")
    if (
        facts
        and asked
        and (facts["decisions_written"] < asked["answered"] or facts["decisions_lost"])
    ):
        problems.append(f"gateway: not every answer has its decision: {facts}")
    return problems


def _notes(report: dict[str, Any], made: Sequence[Claim]) -> list[str]:
    notes = [f"{name} is absent: {reason}" for name, reason in report["absent"].items()]
    notes += [
        f"{name}: the client was {row['client_busy']:.0%} busy, so the server may do more"
        for name, row in report["sides"].items()
        if row["client_busy"] > CLIENT_LIMIT
    ]
    return notes + [f"{claim.text}: not measured" for claim in made if claim.value is None]


def _faster_mlserver(rows: dict[str, dict[str, Any]]) -> str:
    found = [name for name in rows if name.startswith("mlserver")]
    return max(found, key=lambda name: rows[name]["per_second"], default="mlserver")


def _ratio(rows: dict[str, dict[str, Any]], figure: str, ours: str, theirs: str) -> float | None:
    if ours not in rows or theirs not in rows:
        return None
    return _paired(rows[ours][figure], rows[theirs][figure])


def _paired(ours: Sequence[float], theirs: Sequence[float]) -> float | None:
    pairs = [a / b for a, b in zip(ours, theirs, strict=False) if a and b]
    return round(statistics.median(pairs), 3) if pairs else None
