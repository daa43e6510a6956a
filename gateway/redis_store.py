"""The shared online store: Redis, read with one MGET for everything that waits.

A lookup never costs a request more than its timeout, and nothing while Redis is down: after a
few failures in a row reads stop at once, until the refresh (which no request waits for) gets
an answer again.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import cast

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bentos.contract.errors import ContractError
from bentos.contract.online_store import (
    CURRENT_FILE,
    Generation,
    check_origin,
    decode_generation,
    redis_prefix,
)
from gateway.online_store import StoreUnavailable

log = structlog.get_logger(__name__)

CONNECT_TIMEOUT_S = 1.0
FAILURES_TO_OPEN = 3
READS_IN_FLIGHT = 4
MAX_KEYS = 2048
"""Of one MGET; a single request with more keys is still one MGET, so it sees one generation."""


class _Read:
    """One request's keys, waiting for or in an MGET."""

    __slots__ = ("future", "keys")

    def __init__(
        self, keys: Sequence[bytes], future: "asyncio.Future[Sequence[bytes | None]]"
    ) -> None:
        self.keys = keys
        self.future = future


class RedisStore:
    """Made inside the event loop; the generation is known after the first refresh."""

    def __init__(
        self, url: str, password: str | None, *, timeout_s: float, shop: str, pseudonym_key: str
    ) -> None:
        self.generation: Generation | None = None
        self._shop = shop
        self._pseudonym_key = pseudonym_key
        self._prefix = redis_prefix(shop).encode()
        self._generation_prefix = b""
        self._pointer = b""
        self._client = Redis.from_url(
            url,
            password=password,
            socket_timeout=timeout_s,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )
        self._waiting: deque[_Read] = deque()
        self._reading: set[asyncio.Task[None]] = set()
        self._failures = 0
        self._complaint = ""

    @property
    def available(self) -> bool:
        """Whether a read is worth trying."""
        return self.generation is not None and self._failures < FAILURES_TO_OPEN

    async def get_many(self, keys: Sequence[bytes], timeout_s: float) -> Sequence[bytes | None]:
        """What the keys hold, in one generation; StoreUnavailable within the timeout if not."""
        if not self.available:
            raise StoreUnavailable("Redis does not answer, or holds no generation")
        if not keys:
            return ()
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(_Read(keys, future))
        self._pump()
        try:
            async with asyncio.timeout(timeout_s):
                values: Sequence[bytes | None] = await future
        except TimeoutError:
            raise StoreUnavailable(f"Redis did not answer in {timeout_s * 1e3:.1f} ms") from None
        return values

    async def refresh(self) -> None:
        """Read the pointer; an answer also lets requests read again."""
        try:
            pointer = await self._client.get(self._prefix + CURRENT_FILE.encode())
            if isinstance(pointer, bytes) and pointer != self._pointer:
                self._adopt(pointer)
        except (RedisError, OSError, ContractError) as error:
            self._complain(type(error).__name__, str(error))
            # What is idle is as broken; else each connection would fail one more request.
            await self._client.connection_pool.disconnect(inuse_connections=False)
            return
        self._failures = 0
        self._complaint = ""

    async def close(self) -> None:
        """End reads under way and close the connections."""
        for task in tuple(self._reading):
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)
        await self._client.aclose()

    def _adopt(self, pointer: bytes) -> None:
        generation = decode_generation(pointer, "online store pointer in Redis")
        check_origin(generation, self._shop, self._pseudonym_key)
        self._generation_prefix = self._prefix + f"{generation.name}:".encode()
        self.generation, self._pointer = generation, pointer
        log.info("feature_generation", generation=generation.name, as_of=generation.as_of)

    # --- reads ------------------------------------------------------------------------
    def _pump(self) -> None:
        """Send what waits while an MGET may start; never wait to fill one."""
        while self._waiting and len(self._reading) < READS_IN_FLIGHT:
            reads = [self._waiting.popleft()]
            count = len(reads[0].keys)
            while self._waiting and count + len(self._waiting[0].keys) <= MAX_KEYS:
                reads.append(self._waiting.popleft())
                count += len(reads[-1].keys)
            task = asyncio.create_task(self._read(reads))
            self._reading.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._reading.discard(task)
        self._pump()

    async def _read(self, reads: list[_Read]) -> None:
        prefix = self._generation_prefix
        keys = [prefix + key for read in reads for key in read.keys]
        try:
            # Never text: the client was made without decoding.
            values = cast("list[bytes | None]", await self._client.mget(keys))
        except (RedisError, OSError) as error:
            self._failures += 1
            self._complain(type(error).__name__, "a read failed")
            for read in reads:
                if not read.future.done():
                    read.future.set_exception(StoreUnavailable(type(error).__name__))
            return
        self._failures = 0
        start = 0
        for read in reads:
            end = start + len(read.keys)
            if not read.future.done():
                read.future.set_result(values[start:end])
            start = end

    def _complain(self, kind: str, problem: str) -> None:
        """Once per kind of problem, until Redis answers again."""
        if kind != self._complaint:
            self._complaint = kind
            log.warning("feature_store_unavailable", kind=kind, problem=problem)
