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
        self._written: dict[Path, SegmentIdentity | None] = {}

    def ship_all(self) -> bool:
        """One pass over the folder, oldest first in each boot. False if something has to wait.

        While the register is away, segments are written to the lake all the same.
        """
        close_left_open(self._folder)
        away = False
        for path in sorted(self._folder.glob(f"*{CLOSED_SUFFIX}")):
            if self.until is not None and time.monotonic() > self.until:
                return False
            try:
                identity = self._identity(path)
                if identity is not None and not away:
                    self._register.enter(identity)
            except RegisterUnavailable as error:
                log.warning("register_away", error=str(error))
                away = True
            except RegisterRefused as error:
                refused = ContractError("segment", "what the register takes", str(error))
                log.error("segment_refused", segment=path.stem, error=str(error))
                self._set_aside(path, refused)
            except ContractError as error:
                self._set_aside(path, error)
            else:
                if identity is None or not away:
                    self._done(path, identity)
        return not away

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
