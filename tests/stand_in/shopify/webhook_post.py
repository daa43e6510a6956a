"""One POST of a webhook, within the time Shopify waits for it."""

import time
from typing import NamedTuple

import aiohttp

CONNECT_S = 1.0
TOTAL_S = 5.0
"The machine's seconds, not the clock's: who answers is a real process."
MAX_CONNECTIONS = 200
UNANSWERED = 0
"Stands for the status where there was none: refused, broken or too late."


class Answer(NamedTuple):
    """How a receiver answered; ``took_s`` in the machine's seconds."""

    status: int
    took_s: float

    @property
    def is_success(self) -> bool:
        """Whether Shopify takes it for delivered: a redirect is not."""
        return 200 <= self.status < 300


def session() -> aiohttp.ClientSession:
    """Connections kept open between deliveries; to be closed by whoever asked for it."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=TOTAL_S, sock_connect=CONNECT_S),
        connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


async def post(
    connections: aiohttp.ClientSession, uri: str, body: bytes, headers: dict[str, str]
) -> Answer:
    """Send once. Every failure is an answer of status 0."""
    started = time.perf_counter()
    try:
        sent = connections.post(uri, data=body, headers=headers, allow_redirects=False)
        async with sent as response:
            await response.read()
            status = response.status
    except (aiohttp.ClientError, TimeoutError, OSError):
        status = UNANSWERED
    return Answer(status, time.perf_counter() - started)
