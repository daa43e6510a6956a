"""``signalbox decisions``: check that what the gateways decided is in the lake, unaltered."""

import typer

from control_plane.cli.processes import PASS_ON, become

decisions = typer.Typer(no_args_is_help=True, help="Decisions that were shipped to the lake.")


@decisions.command("verify", context_settings={**PASS_ON, "help_option_names": []})
def verify(context: typer.Context) -> None:
    """Re-derive every registered segment's root from the Parquet files; 1 if any does not fit."""
    become("gateway.shipper", ["verify", *context.args])
