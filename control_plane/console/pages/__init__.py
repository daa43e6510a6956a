"""One page, one file. ``register`` hangs them all in."""

from control_plane.console.pages import (
    access_review,
    attributes,
    audit,
    callers,
    decision,
    draft,
    erasures,
    event,
    export,
    follow,
    freezes,
    group,
    groups,
    keys,
    me,
    models,
    people,
    person,
    questions,
    redactions,
    release,
    releases,
    retention,
    reviews,
    sdk_keys,
    shop,
    shopify_apps,
    version,
    webhooks,
)


def register() -> None:
    """Make every page known to NiceGUI."""
    of_releases = (releases, groups, group, freezes, follow, reviews, draft, release)
    of_models = (models, version, attributes)
    of_audit = (audit, questions, export, access_review, event, decision)
    of_privacy = (redactions, erasures, retention, shop)
    of_access = (people, person, keys, callers, sdk_keys, shopify_apps, webhooks, me)
    for page in (*of_releases, *of_models, *of_audit, *of_privacy, *of_access):
        page.register()
