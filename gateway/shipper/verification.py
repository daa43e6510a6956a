"""Re-derives the register's roots from the files in the lake, and commitments from both parts.

The register is taken at its word: that nobody changed *it* is what ``register verify`` shows.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import msgspec

from bentos.contract.canonical import canonical_json
from bentos.contract.decision import PersonalPart, commitment
from bentos.contract.errors import ContractError
from bentos.contract.merkle import leaf_hash, merkle_root
from bentos.decision_lake.columns import from_row
from bentos.decision_lake.files import Lake
from bentos.decision_lake.parts import TIME_COLUMN
from gateway.shipper.identity import SegmentIdentity
from gateway.shipper.lawful import Lawful

SHOWN_PROBLEMS = 100


@dataclass
class Findings:
    """``unregistered``: files of segments the register does not have (yet)."""

    segments: int = 0
    decisions: int = 0
    redacted: int = 0
    expired: int = 0
    expired_personal: int = 0
    unregistered: list[str] = field(default_factory=list)
    problem_count: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything registered is there, unaltered."""
        return self.problem_count == 0

    def add(self, segment: str, problem: str) -> None:
        """Count a problem, and keep the first of them in words."""
        self.problem_count += 1
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append(f"{segment}: {problem}")

    def as_json(self) -> dict[str, Any]:
        """For people and scripts."""
        return {"ok": self.ok, **asdict(self)}


def verify(lake: Lake, registered: Iterable[SegmentIdentity], lawful: Lawful) -> Findings:
    """Compare all files with all registered segments; ``lawful`` says what may be missing."""
    findings = Findings()
    public, personal = lake.names("public"), lake.names("personal")
    following: dict[tuple[str, str], int] = {}
    for identity in sorted(registered, key=lambda each: (each.gateway, each.boot, each.first_seq)):
        boot = (identity.gateway, identity.boot)
        missing = identity.first_seq - following.get(boot, 0)
        following[boot] = identity.last_seq + 1
        if missing:
            findings.add(identity.name, f"{missing} decisions before it were never registered")
        name = identity.name
        findings.segments += 1
        rows = _rows(lake, public.pop(name, []))
        _check_root(identity, rows, lawful, findings)
        parts = _rows(lake, personal.pop(name, []))
        _check_commitments(name, rows, parts, lawful, findings)
    findings.unregistered = sorted(public)
    for name in sorted(set(personal) - set(public)):
        findings.add(name, "a personal part without a public one")
    return findings


def _rows(lake: Lake, paths: list[str]) -> list[dict[str, Any]]:
    rows = []
    for path in paths:
        table = lake.read(path)
        rows += [from_row(row, table.schema) for row in table.to_pylist()]
    return sorted(rows, key=lambda row: row["seq"])


def _check_root(
    identity: SegmentIdentity, rows: list[dict[str, Any]], lawful: Lawful, findings: Findings
) -> None:
    findings.decisions += len(rows)
    expected = list(range(identity.first_seq, identity.last_seq + 1))
    found = [row["seq"] for row in rows]
    if found != expected:
        absent, doubled = set(expected) - set(found), len(found) - len(set(found))
        if not doubled and lawful.has_expired(identity.gateway, identity.boot, absent):
            # What is left cannot give the root any more; that it was whole, an event says.
            findings.expired += len(absent)
            return
        lacking, more = len(absent), doubled
        problem = f"expected {identity.count} decisions, {lacking} are missing, {more} doubled"
        findings.add(identity.name, problem)
        return
    try:
        root = merkle_root(_leaf(row) for row in rows).hex()
    except ContractError as error:
        findings.add(identity.name, f"cannot be hashed: {error.field}")
        return
    if root != identity.root:
        findings.add(identity.name, f"its root is {root}, registered is {identity.root}")


def _leaf(row: dict[str, Any]) -> bytes:
    """Over the file's own columns: older files have fewer than today's records."""
    return leaf_hash(
        canonical_json({name: value for name, value in row.items() if name != TIME_COLUMN})
    )


def _check_commitments(
    name: str,
    rows: list[dict[str, Any]],
    parts: list[dict[str, Any]],
    lawful: Lawful,
    findings: Findings,
) -> None:
    by_id = {part.pop("decision_id"): part for part in parts}
    if len(by_id) != len(parts):
        findings.add(name, f"{len(parts) - len(by_id)} personal parts are doubled")
    for row in rows:
        part = by_id.pop(row["decision_id"], None)
        if part is not None:
            if not _kept(row["commitment"], part):
                findings.add(name, f"seq {row['seq']}: the personal part was altered")
        elif row["decision_id"] in lawful.redacted:
            findings.redacted += 1
        elif (row["at"][:10], row["model"]) in lawful.personal:
            findings.expired_personal += 1
        else:
            findings.add(name, f"seq {row['seq']}: the personal part is gone, no redaction says so")
    if by_id:
        findings.add(name, f"{len(by_id)} personal parts belong to no decision")


def _kept(promise: str, part: dict[str, Any]) -> bool:
    del part["seq"]
    try:
        return commitment(msgspec.convert(part, PersonalPart)) == promise
    except (ContractError, msgspec.ValidationError):
        return False
