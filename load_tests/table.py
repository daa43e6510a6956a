"""The report for people."""

from typing import Any

from rich.console import Console
from rich.table import Table

# From here on: other keys or bodies than the comparison's.
APART = ("gateway_returning", "gateway_oip", "gateway_binary", "triton_binary")


def show(report: dict[str, Any], console: Console) -> None:
    """Print the report; JSON has more."""
    facts = ", ".join(f"{name} {value}" for name, value in report["machine"].items())
    graph = f"load before {report['load_before']}, serving {report['graph']}"
    console.print(f"$ {report['command']}\n{facts}\n{graph}", highlight=False)
    _show_sides(report, console)
    _show_claims(report, console)
    if report.get("effects"):
        _show_effects(report, console)
    for name in ("connections", "rows", "features"):
        if report.get("sweeps", {}).get(name):
            _show_sweep(name, report["sweeps"][name], console)
    _show_memory(report["memory"], console)
    if report.get("gateway"):
        console.print(f"gateway: {report['gateway']}", highlight=False)
    for note in report["notes"]:
        console.print(f"note: {note}", highlight=False)


def _show_sides(report: dict[str, Any], console: Console) -> None:
    many = f"c={report['connections']}"
    table = _table(
        f"medians of {report['rounds']} rounds of {report['seconds']:g} s, spread in brackets",
        (
            "side",
            "body",
            "c=1 p50 ms",
            f"{many} req/s",
            f"{many} p99 ms",
            "CPU µs",
            "requests",
            "failed",
        ),
        left=2,
    )
    table.caption = "all server processes of a side on one core, the client on the other"
    apart = False
    for name, row in report["sides"].items():
        if name in APART and not apart:
            table.add_section()
            apart = True
        low, high = row["p50_ms_spread"]
        least, most = row["per_second_spread"]
        table.add_row(
            row["label"],
            row["body"],
            f"{row['p50_ms']:.3f} [{low:.3f}-{high:.3f}]",
            f"{row['per_second']:,.0f} [{least:,.0f}-{most:,.0f}]",
            f"{row['p99_ms']:.2f}",
            f"{row['cpu_us']:.0f}",
            f"{row['answered']:,}",
            str(row["failed"] + row["shed"]),
        )
    for name, reason in report["absent"].items():
        table.add_row(name, f"absent: {reason.splitlines()[0][:60]}", *[""] * 6)
    console.print(table)


def _show_claims(report: dict[str, Any], console: Console) -> None:
    table = _table("claims", ("claim", "value", "floor", "to reach", "reached"))
    for claim in report["claims"]:
        sign = "≥" if claim["direction"] == "at least" else "≤"
        missing = claim["value"] is None
        verdict = "not measured" if missing else "yes" if claim["reached"] else "no"
        if not missing and not claim["floor_held"]:
            verdict = "FLOOR MISSED"
        table.add_row(
            claim["text"],
            "" if missing else f"{claim['value']:.2f}",
            f"{sign} {claim['floor']:g}",
            f"{sign} {claim['target']:g}",
            verdict,
        )
    console.print(table)


def _show_effects(report: dict[str, Any], console: Console) -> None:
    table = _table(
        f"effects, {report['pairs']} pairs, 95 % intervals",
        ("effect", "ratio", "interval", "without", "with", "unit"),
    )
    for effect in report["effects"].values():
        if effect["interval"] is None:
            table.add_row(effect["text"], "no two pairs were answered")
            continue
        low, high = effect["interval"]
        table.add_row(
            effect["text"],
            f"{effect['estimate']:.3f}",
            f"{low:.3f}-{high:.3f}",
            f"{effect['base']:.3f}",
            f"{effect['treated']:.3f}",
            effect["unit"],
        )
    console.print(table)


def _show_sweep(name: str, points: list[dict[str, Any]], console: Console) -> None:
    """One line per value, one column per side: requests/s and p99."""
    sides = list(dict.fromkeys(point["side"] for point in points))
    table = _table(f"over {name}: req/s (p99 ms)", (name, *sides))
    for value in dict.fromkeys(point[name] for point in points):
        cells = {point["side"]: point for point in points if point[name] == value}
        size = next(iter(cells.values())).get("body_bytes")
        first = f"{value} ({size / 1000:,.1f} KB)" if size else str(value)
        table.add_row(first, *[_cell(cells.get(side)) for side in sides])
    console.print(table)


def _cell(point: dict[str, Any] | None) -> str:
    if point is None:
        return ""
    late = "" if point["p99_ms"] is None else f" ({point['p99_ms']:.1f})"
    lost = point["failed"] + point["shed"]
    return f"{point['per_second']:,.0f}{late}" + (f" {lost} failed" if lost else "")


def _show_memory(memory: dict[str, list[dict[str, Any]]], console: Console) -> None:
    table = _table("memory (PSS)", ("side", "MB", "processes"), left=1)
    for name, processes in memory.items():
        total = sum(process["pss_mb"] for process in processes)
        each = ", ".join(f"{process['process']} {process['pss_mb']:.0f}" for process in processes)
        table.add_row(name, f"{total:,.0f}", each)
    console.print(table)


def _table(title: str, columns: tuple[str, ...], left: int = 1) -> Table:
    table = Table(title=title)
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place < left else "right")
    return table
