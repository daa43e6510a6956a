"""HTTP of what is counted."""

from fastapi import Response
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from control_plane.parts import Running
from control_plane.router import Router

router = Router()


@router.get("/metrics", include_in_schema=False)
def get_metrics(parts: Running) -> Response:
    """For Prometheus, without a key: like /health, for whoever reaches the private port."""
    return Response(parts.metrics.expose(), media_type=CONTENT_TYPE_PLAIN_0_0_4)
