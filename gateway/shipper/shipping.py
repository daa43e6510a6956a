"""Closed segments, one after the other: into the lake, into the register, then away.

Every step may be repeated after a crash at any point: the same segment gives the same files
and the same registration. A segment's file goes only after the register has acknowledged it.
"""

import time
from pathlib import Path

import structlog

from bentos.contract.errors import ContractError
from bentos.contract.segment import CLOSED_SUFFIX
from bentos.decision_lake.files import Lake
from gateway.recovery import close_left_open, set_aside
from gateway.shipper.contents import Contents, sorted_tables
from gateway.shipper.identity import SegmentIdentity
from gateway.shipper.register import Register, RegisterRefused, RegisterUnavailable

# So many in one pass mean that the destination is away, not that segments are bad.
MAX_FAILURES = 3

log = structlog.get_logger(__name__)


class Shipping:
    """``shipped`` counts segments that are done."""

    def __init__(self, folder: Path, lake: Lake, register: Register) -> None:
        self.shipped = 0
        self.until: float | None = None
        "Monotonic time after which no further segment is begun."
        self._folder = folder
        self._lake = lake
        self._register = register
        # Written and not registered yet: not read again while the register is away.
        self._away = False
        self._failed: set[Path] = set()
        self._written: dict[Path, SegmentIdentity | None] = {}

    def ship_all(self) -> bool:
        """One pass over the folder, oldest first in each boot. False if something has to wait.

        While the register is away, segments are written to the lake all the same.
        """
        close_left_open(self._folder)
        self._away = False
        failures = 0
        found = set(self._folder.glob(f"*{CLOSED_SUFFIX}"))
        self._failed &= found
        # What failed the last time goes last: it must not hold up the others for ever.
        for path in sorted(found, key=lambda path: (path in self._failed, path)):
            if self.until is not None and time.monotonic() > self.until:
                return False
            if self._ship(path):
                self._failed.discard(path)
                continue
            self._failed.add(path)
            failures += 1
            if failures >= MAX_FAILURES:
                break
        return not (self._away or failures)

    def _ship(self, path: Path) -> bool:
        """One segment as far as it goes now. False if it failed for no reason known here."""
        try:
            self._attempt(path)
        except Exception as error:  # noqa: BLE001 - Arrow and file systems raise whatever they
            # like; the segment stays and is tried again. Other than an OSError's, a text may quote
            # a value.
            kind, text = type(error).__name__, str(error) if isinstance(error, OSError) else ""
            log.error("segment_not_shipped", segment=path.stem, kind=kind, error=text)
            return False
        return True

    def _attempt(self, path: Path) -> None:
        try:
            identity = self._identity(path)
            if identity is not None and not self._away:
                self._register.enter(identity)
            if identity is None or not self._away:
                self._done(path, identity)
        except RegisterUnavailable as error:
            log.warning("register_away", error=str(error))
            self._away = True
        except RegisterRefused as error:
            refused = ContractError("segment", "what the register takes", str(error))
            log.error("segment_refused", segment=path.stem, error=str(error))
            self._set_aside(path, refused)
        except ContractError as error:
            self._set_aside(path, error)

    def _identity(self, path: Path) -> SegmentIdentity | None:
        if path not in self._written:
            contents = Contents(path)
            self._write(path.stem, contents)
            self._written[path] = contents.identity
        return self._written[path]

    def _write(self, stem: str, contents: Contents) -> None:
        for partition, rows in contents.shadow.items():
            self._lake.write("shadow", partition, stem, rows.table())
        if contents.identity is None:
            return
        name = contents.identity.name
        for partition, rows in contents.public.items():
            public, personal = sorted_tables(rows, contents.personal[partition])
            self._lake.write("personal", partition, name, personal)
            self._lake.write("public", partition, name, public)

    def _done(self, path: Path, identity: SegmentIdentity | None) -> None:
        path.unlink()
        self._written.pop(path, None)
        self.shipped += 1
        count = 0 if identity is None else identity.count
        log.info("segment_shipped", segment=path.stem, decisions=count)

    def _set_aside(self, path: Path, error: ContractError) -> None:
        self._written.pop(path, None)
        set_aside(path, error)
