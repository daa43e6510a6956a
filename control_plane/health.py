"""Is the process alive, and does it do its work?"""

from fastapi import Response

from control_plane.parts import Reading, Running
from control_plane.publish.archive import installation
from control_plane.router import Router

router = Router(prefix="/health")


@router.get("/live")
def get_live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@router.get("/ready")
def get_ready(parts: Running, session: Reading, response: Response) -> dict[str, str | None]:
    """The database answers and the publisher's last pass succeeded; else 503."""
    row = installation(session)
    failing = parts.publisher.failing
    if failing:
        response.status_code = 503
    return {
        "status": "failing" if failing else "ready",
        "shop": row.shop,
        "environment": row.environment,
        "publisher": failing,
    }
