"""Re-derives the register's roots from the files in the lake, and commitments from both parts.

Day by day, as a segment's rows lie in at most two: by the files the shipper wrote or by those
they were compacted into, as rows say themselves which boot and number they are.
The register is taken at its word: that nobody changed *it* is what ``register verify`` shows.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from bentos.contract.merkle import merkle_root
from bentos.decision_lake.files import Lake
from bentos.decision_lake.parts import Part
from gateway.shipper.file_pair import FilePair
from gateway.shipper.findings import Findings
from gateway.shipper.identity import SegmentIdentity
from gateway.shipper.lawful import Lawful

Boot = tuple[str, str]


@dataclass
class Gathered:
    """A segment's rows so far: number and leaf. ``day``: the newest that had any."""

    day: str = ""
    leaves: list[tuple[int, bytes | None]] = field(default_factory=list)


class Registered:
    """All registered segments, found by the number of one of their decisions."""

    def __init__(self, identities: Iterable[SegmentIdentity]) -> None:
        self.by_boot: dict[Boot, list[SegmentIdentity]] = defaultdict(list)
        for each in sorted(identities, key=lambda each: each.first_seq):
            self.by_boot[each.gateway, each.boot].append(each)
        self._firsts = {
            boot: [each.first_seq for each in some] for boot, some in self.by_boot.items()
        }

    def holding(self, boot: Boot, seq: int) -> SegmentIdentity | None:
        """The segment with this number; None where none is registered."""
        place = bisect_right(self._firsts.get(boot, []), seq) - 1
        if place < 0:
            return None
        found = self.by_boot[boot][place]
        return found if seq <= found.last_seq else None

    def check_gaps(self, findings: Findings) -> None:
        """Decisions that were lost before they were registered leave a gap."""
        for some in self.by_boot.values():
            following = 0
            for each in some:
                if each.first_seq != following:
                    missing = each.first_seq - following
                    problem = f"{missing} decisions before it were never registered"
                    findings.add(each.name, problem)
                following = each.last_seq + 1


def verify(lake: Lake, registered: Iterable[SegmentIdentity], lawful: Lawful) -> Findings:
    """Compare all files with all registered segments; ``lawful`` says what may be missing."""
    findings, known = Findings(), Registered(registered)
    known.check_gaps(findings)
    pending: dict[SegmentIdentity, Gathered] = {}
    done: set[SegmentIdentity] = set()
    unregistered: set[str] = set()
    days = lake.days(Part.PUBLIC)
    for day, before in zip(days, ["", *days], strict=False):
        for pair in _pairs(lake, day, findings):
            for row, leaf in pair.check(lawful, findings):
                identity = known.holding((row["gateway"], row["boot"]), row["seq"])
                if identity is None:
                    unregistered.add(pair.name)
                    continue
                gathered = pending.setdefault(identity, Gathered())
                gathered.day = day
                gathered.leaves.append((row["seq"], leaf))
        for identity in [each for each, gathered in pending.items() if gathered.day < before]:
            _check_root(identity, pending.pop(identity).leaves, lawful, findings)
            done.add(identity)
    for some in known.by_boot.values():
        for identity in some:
            if identity not in done:
                leaves = pending.pop(identity, Gathered()).leaves
                _check_root(identity, leaves, lawful, findings)
    _check_alone(lake, set(days), findings)
    findings.unregistered = sorted(unregistered)
    return findings


def _pairs(lake: Lake, day: str, findings: Findings) -> list[FilePair]:
    personal = {path.partition("/day=")[2]: path for path in lake.files(Part.PERSONAL, day)}
    pairs = [
        FilePair(lake, path, personal.pop(path.partition("/day=")[2], None))
        for path in lake.files(Part.PUBLIC, day)
    ]
    for path in sorted(personal.values()):
        name = path.rpartition("/")[2].removesuffix(".parquet")
        findings.add(name, "a personal part without a public one")
    return pairs


def _check_alone(lake: Lake, days: set[str], findings: Findings) -> None:
    """Personal parts of days that have no public ones at all."""
    for day in set(lake.days(Part.PERSONAL)) - days:
        for path in lake.files(Part.PERSONAL, day):
            name = path.rpartition("/")[2].removesuffix(".parquet")
            findings.add(name, "a personal part without a public one")


def _check_root(
    identity: SegmentIdentity,
    gathered: list[tuple[int, bytes | None]],
    lawful: Lawful,
    findings: Findings,
) -> None:
    findings.segments += 1
    findings.decisions += len(gathered)
    gathered.sort(key=lambda each: each[0])
    found = [seq for seq, _ in gathered]
    expected = list(range(identity.first_seq, identity.last_seq + 1))
    if found != expected:
        absent, doubled = set(expected) - set(found), len(found) - len(set(found))
        if not doubled and lawful.has_expired(identity.gateway, identity.boot, absent):
            # What is left cannot give the root any more; that it was whole, an event says.
            findings.expired += len(absent)
            return
        problem = f"expected {identity.count} decisions, {len(absent)} are missing"
        findings.add(identity.name, f"{problem}, {doubled} doubled")
        return
    leaves = [leaf for _, leaf in gathered if leaf is not None]
    if len(leaves) != len(gathered):
        findings.add(identity.name, f"{len(gathered) - len(leaves)} decisions cannot be hashed")
    elif merkle_root(leaves).hex() != identity.root:
        root = merkle_root(leaves).hex()
        findings.add(identity.name, f"its root is {root}, registered is {identity.root}")
