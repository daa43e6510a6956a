"""What the register says may be missing from the lake: erased, or past its time."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bentos.contract.redaction import MEMBER
from bentos.decision_lake.parts import Part

Event = dict[str, Any]
_ALLOWED = "allowed"


@dataclass(frozen=True)
class Lawful:
    """``redacted``: ids of decisions whose personal part was erased. ``public``: by (gateway,
    boot), numbers whose public part expired. ``personal``: (day, model) whose personal parts did.
    """

    redacted: frozenset[str] = frozenset()
    public: dict[tuple[str, str], list[range]] = field(default_factory=dict)
    personal: frozenset[tuple[str, str]] = frozenset()

    def has_expired(self, gateway: str, boot: str, seqs: Iterable[int]) -> bool:
        """Whether an event tells of each of these numbers."""
        runs = self.public.get((gateway, boot), ())
        return all(any(seq in run for run in runs) for seq in seqs)


def read_lawful(redactions: Iterable[Event], expiries: Iterable[Event]) -> Lawful:
    """From the register's ``decision:redact`` and ``decision:expire`` events."""
    public: dict[tuple[str, str], list[range]] = defaultdict(list)
    personal: set[tuple[str, str]] = set()
    for event in expiries:
        if event["outcome"] != _ALLOWED:
            continue
        told = event["diff"]
        for run in told["runs"]:
            if told["part"] == Part.PUBLIC:
                numbers = range(run["first_seq"], run["last_seq"] + 1)
                public[run["gateway"], run["boot"]].append(numbers)
            elif told["part"] == Part.PERSONAL:
                personal.add((told["day"], run["model"]))
    ids = frozenset(
        each
        for event in redactions
        if event["outcome"] == _ALLOWED
        for each in event["diff"][MEMBER]
    )
    return Lawful(ids, dict(public), frozenset(personal))
