"""A public file read beside its personal one, row by row, however large: leaves and commitments."""

from collections.abc import Iterator
from typing import Any

import msgspec

from bentos.contract.canonical import canonical_json
from bentos.contract.decision import PersonalPart, commitment
from bentos.contract.errors import ContractError
from bentos.contract.merkle import leaf_hash
from bentos.decision_lake.columns import from_row
from bentos.decision_lake.files import Lake
from bentos.decision_lake.parts import TIME_COLUMN
from gateway.shipper.findings import Findings
from gateway.shipper.lawful import Lawful

BATCH_ROWS = 4096
Row = dict[str, Any]


class FilePair:
    """Personal rows stand in the order of the public ones; some may be missing."""

    def __init__(self, lake: Lake, public: str, personal: str | None) -> None:
        self._lake = lake
        self._public = public
        self._personal = personal
        self.name = public.rpartition("/")[2].removesuffix(".parquet")

    def check(self, lawful: Lawful, findings: Findings) -> Iterator[tuple[Row, bytes | None]]:
        """Each public row with its leaf (None where it cannot be hashed)."""
        known = set(self._lake.read(self._public, ["decision_id"])["decision_id"].to_pylist())
        parts = self._parts(known, findings)
        part = next(parts, None)
        for row in self._rows(self._public):
            if part is not None and part["decision_id"] == row["decision_id"]:
                if not _kept(row["commitment"], part):
                    findings.add(self.name, f"seq {row['seq']}: the personal part was altered")
                part = next(parts, None)
            else:
                self._missing(row, lawful, findings)
            yield row, _leaf(row)

    def _parts(self, known: set[str], findings: Findings) -> Iterator[Row]:
        """Personal rows of decisions that are here, each once; the others are told."""
        seen: set[str] = set()
        strange = doubled = 0
        for row in () if self._personal is None else self._rows(self._personal):
            if row["decision_id"] not in known:
                strange += 1
            elif row["decision_id"] in seen:
                doubled += 1
            else:
                seen.add(row["decision_id"])
                yield row
        if strange:
            findings.add(self.name, f"{strange} personal parts belong to no decision")
        if doubled:
            findings.add(self.name, f"{doubled} personal parts are doubled")

    def _missing(self, row: Row, lawful: Lawful, findings: Findings) -> None:
        if row["decision_id"] in lawful.redacted:
            findings.redacted += 1
        elif (row["at"][:10], row["model"]) in lawful.personal:
            findings.expired_personal += 1
        else:
            problem = f"seq {row['seq']}: the personal part is gone, no redaction says so"
            findings.add(self.name, problem)

    def _rows(self, path: str) -> Iterator[Row]:
        file = self._lake.open(path)
        try:
            for batch in file.iter_batches(BATCH_ROWS):
                for row in batch.to_pylist():
                    yield from_row(row, batch.schema)
        finally:
            file.close()


def _leaf(row: Row) -> bytes | None:
    """Over the file's own columns: older files have fewer than today's records."""
    members = {name: value for name, value in row.items() if name != TIME_COLUMN}
    try:
        return leaf_hash(canonical_json(members))
    except ContractError:
        return None


def _kept(promise: str, part: Row) -> bool:
    members = {name: part[name] for name in part if name not in ("decision_id", "seq")}
    try:
        return commitment(msgspec.convert(members, PersonalPart)) == promise
    except (ContractError, msgspec.ValidationError):
        return False
