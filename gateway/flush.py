"""What one turn of the event loop wrote, on its way to the disk."""

import asyncio


class Flush:
    """Any number may wait; one that is cancelled takes nobody with it."""

    __slots__ = ("_durable", "_loop", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._durable: bool | None = None
        self._waiting: list[asyncio.Future[bool]] = []

    def settle(self, *, durable: bool) -> None:
        """It is on the disk, or will never be known to be."""
        self._durable = durable
        for future in self._waiting:
            # A caller that hung up no longer waits.
            if not future.done():
                future.set_result(durable)

    async def durable(self) -> bool:
        """Wait until it is settled: whether it is on the disk."""
        if self._durable is not None:
            return self._durable
        future: asyncio.Future[bool] = self._loop.create_future()
        self._waiting.append(future)
        return await future
