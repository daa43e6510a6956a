"""One page, one file. ``register`` hangs them all in."""

from control_plane.console.pages import (
    audit,
    decision,
    draft,
    event,
    models,
    people,
    release,
    releases,
    version,
)


def register() -> None:
    """Make every page known to NiceGUI."""
    for page in (releases, draft, release, models, version, audit, event, decision, people):
        page.register()
