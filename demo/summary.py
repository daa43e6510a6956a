"""What remains in the terminal when the demo has ended."""

from typing import Any

from rich.console import Console
from rich.table import Table


def show(result: dict[str, Any], console: Console) -> None:
    """Print the result for a person."""
    console.print(_versions(result))
    if result["steps"]:
        console.print(_steps(result))
    requests, decisions = result["requests"], result["decisions"]
    console.print(
        f"{requests['sent']:,} requests, {requests['failures']} failed; "
        f"{decisions['acknowledged']:,} decisions acknowledged, {decisions['found']:,} found; "
        f"register {'verified' if result['register'].get('ok') else 'NOT VERIFIED'}; "
        f"peak memory {result['peak_memory_mb']} MB; {result['total_seconds']:.0f} s"
    )
    for text in result["skipped"]:
        console.print(f"[yellow]![/] {text}")
    for problem in result["problems"]:
        console.print(f"[bold red]✗[/] {problem}")
    if result["ok"]:
        console.print("[bold green]✓[/] every answer is what the routes say, nothing was lost")


def _versions(result: dict[str, Any]) -> Table:
    table = Table(title=f"{result['rows_read']:,} order lines: {result['source']}")
    for name in ("version", "state", "metric", "model", "baseline", "parity rows"):
        table.add_column(name)
    for version in result["versions"]:
        metric = version["primary_metric"]
        (baseline,) = version["baseline"].values()
        table.add_row(
            version["version"],
            version["state"],
            metric,
            f"{version['metrics'][metric]:.4f}",
            f"{baseline[metric]:.4f}",
            f"{version['parity']['rows'] + version['parity']['edge_rows']:,}",
        )
    return table


def _steps(result: dict[str, Any]) -> Table:
    table = Table(title="release steps")
    for name in ("step", "candidate", "requests", "keys", "planned", "observed", "wrong variant"):
        table.add_column(name, justify="left" if name in ("step", "candidate") else "right")
    for step in result["steps"]:
        table.add_row(
            step["step"],
            step["candidate"],
            f"{step['requests']:,}",
            f"{step['distinct_keys']:,}",
            f"{step['planned_share']:.2%}",
            f"{step['observed_share']:.2%}",
            str(step["variant_mismatches"]),
        )
    return table
