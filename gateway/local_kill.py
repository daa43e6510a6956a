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
_Mark = tuple[int, ...]


class LocalKillFile:
    """Calls ``on_change`` with every good new state of the file; no file is no kill."""

    def __init__(self, path: Path, on_change: Callable[[LocalKills], None]) -> None:
        self.refused = 0
        "Times the file was refused."
        self._path = path
        self._on_change = on_change
        self._seen: _Mark | None = None
        self._complaint = ""

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
            kills = LocalKills() if mark is None else self._read()
        except ContractError as error:
            self._refuse(str(error))
            self._seen = mark  # it says the same until it is changed
            return
        except OSError as error:
            self._refuse(str(error))  # and is tried again: a kill must not wait for an edit
            return
        self._seen, self._complaint = mark, ""
        self._on_change(kills)

    def _refuse(self, problem: str) -> None:
        """Once per problem, not four times a second."""
        if problem != self._complaint:
            self._complaint = problem
            self.refused += 1
            log.error("local_kill_file_refused", error=problem)

    def _mark(self) -> _Mark | None:
        """What differs when content, owner or mode may: the time of change tells of all three."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_ctime_ns, found.st_mtime_ns, found.st_ino, found.st_size

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
