"""One attempt: one POST to an address that was judged, and what came of it.

The name is resolved here, every address it stands for is judged, and the request goes to the
one that was chosen, under the name (Host, TLS): it cannot stand for another one in between. No
redirect is followed, no proxy of the environment is asked, and the answer's body is never read,
so that nobody can use a webhook to look at what answers from inside.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx

from bentos.contract.errors import ContractError
from control_plane.webhooks.address import AddressPolicy, check_url, choose, port_of
from control_plane.webhooks.schedule import parse_retry_after

MAX_ERROR = 200
USER_AGENT = "Signalbox-Webhooks/1"
RESOLVING = 64
# Of their own: a name server that does not answer holds a thread long after nobody waits for it,
# and those of the event loop are wanted for the database.
_resolving = ThreadPoolExecutor(RESOLVING, thread_name_prefix="webhook-names")
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of an attempt: a status, or an error of ours. ``retry_after_s``: if it said so."""

    duration_ms: int = 0
    status: int | None = None
    error: str | None = None
    retry_after_s: float | None = None

    @property
    def is_success(self) -> bool:
        """Any 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """410: the receiver wants no more, of anything."""
        return self.status == httpx.codes.GONE


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses a name stands for now; raises OSError."""
    loop = asyncio.get_running_loop()
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await loop.run_in_executor(_resolving, ask)
    return [str(entry[4][0]) for entry in found]


class Sender:
    """Makes attempts, within one event loop. To be closed."""

    def __init__(
        self,
        policy: AddressPolicy,
        timeout_s: float,
        ca_file: Path | None = None,
        resolver: Resolver = resolve,
    ) -> None:
        self._policy = policy
        self._timeout_s = timeout_s
        self._resolve = resolver
        self._client = httpx.AsyncClient(
            verify=_trusting(ca_file),
            trust_env=False,
            follow_redirects=False,
            timeout=timeout_s,
            # Connections belong to an address, and two names may share one.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def send(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """POST the body; whatever goes wrong is in the answer. Takes ``timeout_s`` at most."""
        begun = time.monotonic()
        answer = await self._attempt(url, headers, body)
        return replace(answer, duration_ms=round(1000 * (time.monotonic() - begun)))

    async def _attempt(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._post(url, headers, body)
        except TimeoutError:
            return Answer(error=f"no answer within {self._timeout_s:g} s")
        except ContractError as error:
            return Answer(error=f"refused: {error.hint or error}"[:MAX_ERROR])
        except (httpx.HTTPError, OSError, ValueError) as error:
            return Answer(error=f"{type(error).__name__}: {error}"[:MAX_ERROR])
        later = parse_retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
        return Answer(status=answer.status_code, retry_after_s=later)

    async def _post(self, text: str, headers: dict[str, str], body: bytes) -> httpx.Response:
        # Again: the configuration may have become stricter since it was subscribed.
        url = check_url(text, self._policy)
        address = choose(await self._resolve(url.host, port_of(url)), self._policy)
        request = self._client.build_request(
            "POST",
            url.copy_with(host=str(address)),
            content=body,
            headers={
                **headers,
                "host": url.netloc.decode(),
                "content-type": "application/json",
                "user-agent": USER_AGENT,
            },
            extensions={"sni_hostname": url.raw_host.decode()},
        )
        answer = await self._client.send(request, stream=True)
        await answer.aclose()
        return answer


def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ContractError(
                "SIGNALBOX_WEBHOOK_CA_FILE", "certificates in PEM", str(error)
            ) from error
    return context
