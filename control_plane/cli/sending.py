"""Sends a request, and sends it again when its connection is lost on the way."""

import time
from collections.abc import Callable

import httpx

RETRY_AFTER_S = (0.1, 0.3, 1.0)
"""Pauses between attempts: as long as a control plane that is restarted may be away."""
CONFLICT = 409


def send(
    client: httpx.Client,
    request: httpx.Request,
    sleep: Callable[[float], None] = time.sleep,
) -> httpx.Response:
    """The answer, its body unread. Whatever stands in the way for a moment is waited for.

    Raises httpx.TransportError once ``RETRY_AFTER_S`` is through. A request that took all of
    its time is not sent again: who waits that long once would wait four times.
    """
    for pause_s in RETRY_AFTER_S:
        try:
            answer = client.send(request, stream=True)
        except httpx.TransportError as error:
            if isinstance(error, httpx.ReadTimeout | httpx.UnsupportedProtocol):
                raise
        else:
            if not (answer.status_code == CONFLICT and "retry-after" in answer.headers):
                return answer
            # The first attempt is still being carried out.
            answer.close()
        sleep(pause_s)
    return client.send(request, stream=True)
