"""The thread that follows: it asks, listens, and takes what is good.

Level-triggered: a poll says all there is to say, the stream only makes it sooner. So whatever is
lost, late, doubled or torn heals with the next poll, and a process that was killed begins anew.
Several replicas follow alike; what one has taken, the others find taken.
"""

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from bentos.contract.errors import ContractError
from control_plane.crash_point import CrashPoint, crash_point
from control_plane.db import Database, WriteSession
from control_plane.follow import service
from control_plane.follow.models import FollowRow
from control_plane.follow.pace import Pace
from control_plane.follow.payload import RefusedError, read_payload
from control_plane.follow.queries import in_force
from control_plane.follow.secret import read_secret
from control_plane.follow.upstream import Upstream, UpstreamError

LOOK_S = 1.0
FIRST_PAUSE_S = 0.5
GAP_S = 1.0
"""Between two payloads that are looked at: each may be an event of the register, for ever."""
Secrets = tuple[str, str | None]
log = structlog.get_logger(__name__)


@dataclass
class Contact:
    """What this process knows of the upstream."""

    heard_at: float = field(default_factory=time.monotonic)
    failing: str | None = None
    streaming: bool = False
    etag: str = ""

    def age_s(self) -> float:
        """Seconds since it last answered as it should."""
        return time.monotonic() - self.heard_at


class Follower:
    """``wake`` is called after each commit, for the publisher to follow; ``count`` with what
    became of each answer: taken, unchanged, refused, failed."""

    def __init__(
        self,
        database: Database,
        keys: Path,
        pace: Pace,
        wake: Callable[[], object],
        count: Callable[[str], None],
    ) -> None:
        self.contact: Contact | None = None
        self._database = database
        self._keys = keys
        self._pace = pace
        self._wake = wake
        self._count = count
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Go on in a thread of its own."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="follower")
        self._thread.start()

    def stop(self) -> None:
        """End; what is being taken is taken."""
        if self._loop is not None and self._task is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)
        if self._thread is not None:
            self._thread.join()

    def status(self) -> dict[str, Any] | None:
        """For the API; None when nothing is followed."""
        contact = self.contact
        if contact is None:
            return None
        return {
            "heard_s_ago": round(contact.age_s(), 3),
            "failing": contact.failing,
            "streaming": contact.streaming,
        }

    def age_s(self) -> float:
        """Seconds since the upstream last answered; 0 when nothing is followed."""
        return self.contact.age_s() if self.contact is not None else 0.0

    async def _main(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        try:
            while True:
                try:
                    await self._look()
                except Exception as error:
                    # The next look starts from the tables again.
                    log.exception("the follower failed", error=type(error).__name__)
                await asyncio.sleep(LOOK_S)
        except asyncio.CancelledError:
            return

    async def _look(self) -> None:
        row = await asyncio.to_thread(self._in_force)
        if row is None:
            self.contact = None
            return
        self.contact = Contact()
        try:
            await self._follow(row, self.contact)
        finally:
            self.contact = None

    async def _follow(self, row: FollowRow, contact: Contact) -> None:
        """Until it is over, or another is in force."""
        try:
            key, decryption_key = secrets = self._secrets(row)
        except ContractError as error:
            contact.failing = str(error)
            await self._write(service.refuse, row.id, f"a secret cannot be read: {error}")
            return
        async with Upstream(row.url, key, self._pace.silence_s) as upstream:
            channel = _Channel(row.id, upstream, decryption_key, contact, secrets)
            tasks = [
                asyncio.create_task(each)
                for each in (self._poll(channel), self._listen(channel), self._watch(channel))
            ]
            try:
                # The watch ends when the follow does; the others never end by themselves.
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _secrets(self, row: FollowRow) -> Secrets:
        reference = row.decryption_key
        key = read_secret(row.client_key, self._keys)
        return key, read_secret(reference, self._keys) if reference else None

    def _rotated(self, row: FollowRow, known: Secrets) -> bool:
        """Whether there are other secrets now; those that cannot be read leave all as it is."""
        try:
            return self._secrets(row) != known
        except ContractError:
            return False

    async def _watch(self, channel: "_Channel") -> None:
        """Whether it is still in force, with these secrets, and heard of."""
        while True:
            await asyncio.sleep(LOOK_S)
            row = await asyncio.to_thread(self._in_force)
            if row is None or row.id != channel.follow_id or self._rotated(row, channel.secrets):
                return
            channel.refused = bool(row.refused)
            late = channel.contact.age_s() > self._pace.late_s
            if late != (row.late_since is not None):
                await self._write(service.note_late, row.id, late=late)

    async def _poll(self, channel: "_Channel") -> None:
        pause = FIRST_PAUSE_S
        while True:
            good = await self._fetch(channel)
            pause = self._pace.poll_s if good else min(pause * 2, self._pace.poll_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause * random.uniform(0.8, 1.2)):
                    await channel.asked.wait()
            channel.asked.clear()

    async def _fetch(self, channel: "_Channel") -> bool:
        # Before it is asked for, so that what comes is not old when its turn comes.
        await channel.turn()
        try:
            # What was refused may be good by now: its version registered, its attribute declared.
            known = "" if channel.refused else channel.contact.etag
            fetched = await channel.upstream.fetch(known)
            channel.contact.heard_at, channel.contact.failing = time.monotonic(), None
            if fetched.streams:
                channel.streams.set()
            else:
                channel.streams.clear()
            if fetched.body is None:
                self._count("unchanged")
                return True
            await self._take(channel, fetched.body)
            # Only what was looked at need not be sent again.
            channel.contact.etag = fetched.etag
        except UpstreamError as error:
            self._count("failed")
            channel.contact.failing = str(error)
            return False
        except RefusedError as error:
            await self._refuse(channel, error.why)
            return False
        return True

    async def _listen(self, channel: "_Channel") -> None:
        """The stream, again and again; after each opening all is asked for, as none says what
        was missed."""
        pause = FIRST_PAUSE_S
        while True:
            await channel.streams.wait()
            try:
                async for event in channel.upstream.events():
                    channel.contact.streaming, pause = True, FIRST_PAUSE_S
                    channel.contact.heard_at = time.monotonic()
                    if event.name == "features" and event.data:
                        # Meanwhile nothing is read: who sends faster waits.
                        await channel.turn()
                        await self._take(channel, event.data)
                    elif event.name == "features-updated" or not channel.opened:
                        channel.opened = True
                        channel.asked.set()
            except UpstreamError as error:
                log.info("the upstream's stream ended", reason=str(error))
            except RefusedError as error:
                await self._refuse(channel, error.why)
            channel.contact.streaming = channel.opened = False
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(pause * 2, self._pace.poll_s)

    async def _take(self, channel: "_Channel", body: bytes) -> None:
        try:
            payload = await asyncio.to_thread(read_payload, body, channel.decryption_key)
        except RefusedError as error:
            await self._refuse(channel, error.why)
            return
        crash_point(CrashPoint.FOLLOW_FETCHED)
        changed = await self._write(service.take, channel.follow_id, payload)
        crash_point(CrashPoint.FOLLOW_TAKEN)
        self._count("taken" if changed else "unchanged")

    async def _refuse(self, channel: "_Channel", why: str) -> None:
        self._count("refused")
        log.warning("what the upstream sent was refused", reason=why)
        await self._write(service.refuse, channel.follow_id, why)

    async def _write(self, change: Callable[..., bool], *arguments: Any, **more: Any) -> bool:
        def act() -> bool:
            with self._database.write() as session:
                changed = change(WriteSession(session), *arguments, **more)
            if changed:
                self._wake()
            return changed

        # A change that has begun is finished, whoever ends the task meanwhile.
        return await asyncio.shield(asyncio.to_thread(act))

    def _in_force(self) -> FollowRow | None:
        with self._database.read() as session:
            return in_force(session)


@dataclass
class _Channel:
    """One follow while it lasts."""

    follow_id: str
    upstream: Upstream
    decryption_key: str | None
    contact: Contact
    secrets: Secrets
    refused: bool = True
    "Until the first look at what is known of it."
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    streams: asyncio.Event = field(default_factory=asyncio.Event)
    opened: bool = False
    free_at: float = 0.0
    "When the next payload may be looked at, of this process's clock."

    async def turn(self) -> None:
        """Wait until another payload may be looked at."""
        now = time.monotonic()
        mine = max(now, self.free_at)
        self.free_at = mine + GAP_S
        await asyncio.sleep(mine - now)
