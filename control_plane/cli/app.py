"""The command, put together."""

import typer

from control_plane.cli import kills, lint, processes, releases
from control_plane.cli.accounts import callers, keys, people, sdk_keys
from control_plane.cli.audit import audit
from control_plane.cli.consents import consents, exclusions
from control_plane.cli.decisions import decisions
from control_plane.cli.dev import dev
from control_plane.cli.follow import follow
from control_plane.cli.freezes import freezes, reviews
from control_plane.cli.groups import groups
from control_plane.cli.nights import nights
from control_plane.cli.redactions import redactions
from control_plane.cli.shopify import shopify
from control_plane.cli.versions import attributes, models, versions
from control_plane.cli.webhooks import webhooks

app = typer.Typer(
    name="signalbox",
    help="Route each inference to the right model version, safely, and write everything down.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
processes.register(app)
releases.register(app)
kills.register(app)
lint.register(app)
for _name, _group in {
    "versions": versions,
    "models": models,
    "attributes": attributes,
    "groups": groups,
    "freezes": freezes,
    "follow": follow,
    "reviews": reviews,
    "people": people,
    "keys": keys,
    "callers": callers,
    "sdk-keys": sdk_keys,
    "shopify": shopify,
    "webhooks": webhooks,
    "consents": consents,
    "nights": nights,
    "exclusions": exclusions,
    "redactions": redactions,
    "audit": audit,
    "decisions": decisions,
    "dev": dev,
}.items():
    app.add_typer(_group, name=_name)
# What the audit commands were called before there were more than two.
app.add_typer(audit, name="register", hidden=True)


def main() -> None:
    """Entry point of ``signalbox``."""
    app()
