"""``signalbox dev``: what only a checkout of the project has, for trying things out."""

import os
from importlib.util import find_spec
from pathlib import Path

import typer

from control_plane.cli.exit_code import ExitCode
from control_plane.cli.output import fail
from control_plane.cli.processes import PASS_ON, become

ROOT = Path(__file__).resolve().parents[2]
SHOP = "tests.stand_in.shopify"

dev = typer.Typer(help="Things to try with, from a checkout of the project.")


@dev.callback()
def _group() -> None:
    """Keep the one command a subcommand."""


@dev.command("shop", context_settings={**PASS_ON, "help_option_names": []})
def shop(context: typer.Context) -> None:
    """A made-up Shopify shop with its Admin API on this machine; arguments are passed on."""
    if not (ROOT / "tests" / "stand_in" / "shopify" / "__main__.py").is_file():
        fail(
            f"the stand-in for Shopify comes with a checkout, and {ROOT} is none: clone the "
            "repository and run this from its environment (pip install -e '.[all,dev]')",
            ExitCode.FAILURE,
        )
    if find_spec("graphql") is None:
        fail(
            "the stand-in needs graphql-core: pip install -e '.[all,dev]' in the checkout",
            ExitCode.FAILURE,
        )
    # Found wherever one stands, so that --orders may name a file from there.
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), before)))
    os.environ["PYTHONSAFEPATH"] = "1"
    become(SHOP, context.args)
