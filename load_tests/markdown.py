"""A report as Markdown, for docs/performance.md.

make bench | tail -1 > report.json && python -m load_tests.markdown < report.json
"""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

SWEEPS = ("connections", "rows", "features")


def render(report: dict[str, Any]) -> str:
    """All tables of a report, and what they were measured on."""
    machine = ", ".join(f"{name} {value}" for name, value in report["machine"].items())
    rounds = f"Medians of {report['rounds']} rounds of {report['seconds']:g} s, spread in brackets"
    parts = [
        f"{rounds}; load {report['load_before']} before the run; serving {report['graph']}.",
        f"The machine: {machine}.",
        f"    {report['command']}",
        _sides(report),
        _claims(report["claims"]),
    ]
    if report.get("effects"):
        parts.append(_effects(report["effects"]))
    swept = report.get("sweeps", {})
    parts += [_sweep(name, swept[name]) for name in SWEEPS if swept.get(name)]
    parts.append("\n".join(f"- {note}" for note in report["notes"]))
    return "\n\n".join(part for part in parts if part) + "\n"


def _sides(report: dict[str, Any]) -> str:
    many = f"c={report['connections']}"
    head = ("side", "body", "c=1 p50 ms", f"{many} req/s", f"{many} p99 ms", "CPU µs", "memory MB")
    rows = []
    for name, row in report["sides"].items():
        memory = sum(process["pss_mb"] for process in report["memory"].get(name, ()))
        rows.append(
            (
                row["label"],
                row["body"],
                f"{row['p50_ms']:.2f} [{_span(row['p50_ms_spread'], '.2f')}]",
                f"{row['per_second']:,.0f} [{_span(row['per_second_spread'], ',.0f')}]",
                f"{row['p99_ms']:.1f}",
                f"{row['cpu_us']:.0f}",
                f"{memory:,.0f}",
            )
        )
    rows += [(name, "absent", *[""] * 5) for name in report["absent"]]
    return _table(head, rows)


def _claims(claims: Iterable[dict[str, Any]]) -> str:
    rows = []
    for claim in claims:
        sign = "≥" if claim["direction"] == "at least" else "≤"
        told = "not measured" if claim["value"] is None else f"{claim['value']:.2f}"
        reached = {True: "yes", False: "no", None: ""}[claim["reached"]]
        floor, target = f"{sign} {claim['floor']:g}", f"{sign} {claim['target']:g}"
        rows.append((claim["text"], told, floor, target, reached))
    return _table(("claim", "value", "floor", "to reach", "reached"), rows)


def _effects(effects: dict[str, dict[str, Any]]) -> str:
    rows = [
        (
            effect["text"],
            f"{effect['estimate']:.3f}",
            _span(effect["interval"], ".3f"),
            f"{effect['base']:.2f}",
            f"{effect['treated']:.2f}",
            effect["unit"],
        )
        for effect in effects.values()
        if effect["interval"]
    ]
    return _table(("effect", "ratio", "95 % interval", "without", "with", "unit"), rows)


def _sweep(name: str, points: Sequence[dict[str, Any]]) -> str:
    """Requests per second, 99th percentile in brackets."""
    sides = list(dict.fromkeys(point["side"] for point in points))
    rows = []
    for value in dict.fromkeys(point[name] for point in points):
        cells = {point["side"]: point for point in points if point[name] == value}
        rows.append((str(value), *(_cell(cells.get(side)) for side in sides)))
    return _table((name, *sides), rows)


def _cell(point: dict[str, Any] | None) -> str:
    if point is None:
        return ""
    late = "" if point["p99_ms"] is None else f" ({point['p99_ms']:.1f} ms)"
    return f"{point['per_second']:,.0f}{late}"


def _span(ends: Sequence[float], form: str) -> str:
    return "–".join(format(end, form) for end in ends)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    sys.stdout.write(render(json.load(sys.stdin)))
