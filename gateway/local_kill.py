"""Watches the kill file and says which of its kills may be obeyed.

Fail-closed on the file (one that is damaged, or that others may write, is refused and the
last good one stays in force), fail-open on a kill: one that names a version without running
workers would turn a bad version into none, so it is refused, and looked at again with every
new document.
"""

import asyncio
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import structlog

from bentos.contract.documents import KillBody, KillEntry
from bentos.contract.errors import ContractError
from bentos.contract.local_kill import MAX_BYTES, LocalKill, LocalKills, decode

log = structlog.get_logger(__name__)

POLL_S = 0.25
_Mark = tuple[int, int, int]


class LocalKillFile:
    """Calls ``on_change`` with every good new state of the file; no file is no kill."""

    def __init__(self, path: Path, on_change: Callable[[LocalKills], None]) -> None:
        self.refused = 0
        "Times the file was refused."
        self._path = path
        self._on_change = on_change
        self._seen: _Mark | None = None

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(POLL_S)

    def look(self) -> None:
        """Read the file if it is another one than before."""
        try:
            mark = self._mark()
            if mark == self._seen:
                return
            self._seen = mark
            self._on_change(LocalKills() if mark is None else self._read())
        except (OSError, ContractError) as error:
            self.refused += 1
            log.error("local_kill_file_refused", error=str(error))

    def _mark(self) -> _Mark | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_mode

    def _read(self) -> LocalKills:
        with self._path.open("rb") as file:
            found = os.fstat(file.fileno())
            if stat.S_IMODE(found.st_mode) & 0o077 or found.st_uid not in (0, os.geteuid()):
                mode = oct(stat.S_IMODE(found.st_mode))
                expected = "0600, owned by the gateway's user or root"
                raise ContractError(str(self._path), expected, f"{mode}, uid {found.st_uid}")
            return decode(file.read(MAX_BYTES + 1))


def obeyed(
    local: LocalKills, model_of: Mapping[str, str], running: Mapping[str, object]
) -> dict[str, LocalKill]:
    """The kills in force whose version is that model's and has workers published."""
    return {
        model: kill
        for model, kill in local.in_force().items()
        if model_of.get(kill.version) == model and kill.version in running
    }


def over(published: KillBody, local: Mapping[str, LocalKill]) -> KillBody:
    """The kill document with local kills laid over it."""
    if not local:
        return published
    entries = {
        model: KillEntry(id=kill.id, version=kill.version, reason=kill.reason)
        for model, kill in local.items()
    }
    return msgspec.structs.replace(published, models={**published.models, **entries})
