"""All tables of all slices, for Alembic to compare with."""

from sqlmodel import SQLModel

from control_plane.approvals import models as approvals
from control_plane.audit import models as audit
from control_plane.callers import models as callers
from control_plane.consents import models as consents
from control_plane.decisions import models as decisions
from control_plane.follow import models as follow
from control_plane.growthbook import models as growthbook
from control_plane.idempotency import models as idempotency
from control_plane.people import models as people
from control_plane.publish import models as publish
from control_plane.redactions import models as redactions
from control_plane.registry import models as registry
from control_plane.releases import models as releases
from control_plane.shopify_apps import models as shopify_apps
from control_plane.webhooks import models as webhooks

SLICES = (
    approvals,
    audit,
    callers,
    consents,
    decisions,
    follow,
    growthbook,
    idempotency,
    people,
    publish,
    redactions,
    registry,
    releases,
    shopify_apps,
    webhooks,
)
METADATA = SQLModel.metadata
