"""Is the process alive, and does it do its work?

Not alive: start it again. Not ready: send others its requests, and look why; starting it again
heals nothing that stands here.
"""

from typing import Any

from control_plane.errors import NotReadyError, UnavailableError
from control_plane.parts import Parts, Running
from control_plane.publish.archive import installation
from control_plane.publish.models import InstallationRow
from control_plane.router import Router

router = Router(prefix="/health")


@router.get("/live")
async def get_live() -> dict[str, str]:
    """The process answers: its event loop turns. Asks for neither threads nor the database."""
    return {"status": "live"}


@router.get("/ready")
def get_ready(parts: Running) -> dict[str, Any]:
    """The database answers and the publisher's last pass succeeded; else 503, and why.

    ``warnings`` tells what fails beside the requests and keeps nobody from being served.
    """
    row, checks = _checked(parts)
    if row is None or any(checks.values()):
        raise NotReadyError(checks)
    return {
        "status": "ready",
        "shop": row.shop,
        "environment": row.environment,
        "publisher": checks["publisher"],
        "checks": checks,
        "warnings": {
            "checkpointer": parts.checkpointer.failing,
            "checkpoint_copies": parts.checkpointer.copy_failing,
            "upkeep": parts.upkeep.failing,
            "webhooks": parts.webhooks.failing,
        },
    }


def _checked(parts: Parts) -> tuple[InstallationRow | None, dict[str, str | None]]:
    """The installation, if it can be read, and what is wrong with each part; None: nothing."""
    checks: dict[str, str | None] = {"database": None, "publisher": parts.publisher.failing}
    try:
        with parts.database.read() as session:
            return installation(session), checks
    except UnavailableError as error:
        checks["database"] = error.detail
        return None, checks
