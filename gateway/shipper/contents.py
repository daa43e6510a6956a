"""A closed segment read once: commitments filled in, leaves hashed, rows ready to be written."""

from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.compute as pc

from bentos.contract.decision import PersonalPart, ShadowOutcome, commitment, leaf
from bentos.contract.errors import ContractError
from bentos.contract.merkle import MerkleAccumulator
from bentos.contract.segment import DecisionFrame, SegmentHeader, ShadowFrame, read_frames
from bentos.decision_lake.columns import to_row
from bentos.decision_lake.parts import (
    PERSONAL,
    PUBLIC,
    SHADOW,
    TIME_COLUMN,
    moment_of,
    partition_of,
)
from bentos.decision_lake.sayable import sayable
from gateway.shipper.identity import SegmentIdentity
from gateway.shipper.rows import Rows


class Contents:
    """Rows by partition (``day=…/model=…``), kept as Arrow: a segment is many small records.

    ``identity`` is None when the segment holds shadow outcomes only.
    Raises ContractError for a damaged segment and for one whose numbers are not gapless.
    """

    def __init__(self, path: Path) -> None:
        self.public: dict[str, Rows] = defaultdict(lambda: Rows(PUBLIC))
        self.personal: dict[str, Rows] = defaultdict(lambda: Rows(PERSONAL))
        self.shadow: dict[str, Rows] = defaultdict(lambda: Rows(SHADOW))
        self._tree = MerkleAccumulator()
        frames = read_frames(path)
        header = next(frames, None)
        if not isinstance(header, SegmentHeader):
            raise ContractError(str(path), "a segment's header", "an empty file")
        self.header = header
        for frame in frames:
            if isinstance(frame, DecisionFrame):
                self._decision(frame)
            elif isinstance(frame, ShadowFrame):
                self._shadow(frame.outcome)
        self.identity = self._identity()

    def _decision(self, frame: DecisionFrame) -> None:
        decision, expected = frame.decision, self.header.first_seq + self._tree.size
        if (decision.gateway, decision.boot) != (self.header.gateway, self.header.boot):
            raise ContractError("decision.boot", "the segment's", decision.boot)
        if decision.seq != expected:
            raise ContractError("decision.seq", f"{expected}, as seq is gapless", decision.seq)
        personal, promise = _committed(frame.personal)
        decision = msgspec.structs.replace(decision, commitment=promise)
        self._tree.append(leaf(decision))
        partition = partition_of(decision.at[:10], decision.model)
        at = _instant(decision.at)
        self.public[partition].add({**to_row(decision), TIME_COLUMN: at})
        key = {"decision_id": decision.decision_id, "seq": decision.seq}
        self.personal[partition].add({**key, **to_row(personal)})

    def _shadow(self, outcome: ShadowOutcome) -> None:
        day = _day(outcome.decision_id) or self.header.opened_at[:10]
        partition = partition_of(day, outcome.version.partition(":")[0])
        self.shadow[partition].add(to_row(outcome))

    def _identity(self) -> SegmentIdentity | None:
        count, first = self._tree.size, self.header.first_seq
        if count == 0:
            return None
        return SegmentIdentity(
            gateway=self.header.gateway,
            boot=self.header.boot,
            first_seq=first,
            last_seq=first + count - 1,
            count=count,
            root=self._tree.root().hex(),
        )


def sorted_tables(public: Rows, personal: Rows) -> tuple[Any, Any]:
    """Both parts of a partition in one order: by subject, then by sequence number."""
    kept = personal.table()
    order = pc.sort_indices(kept, sort_keys=[("subject", "ascending"), ("seq", "ascending")])
    return public.table().take(order), kept.take(order)


def _committed(personal: PersonalPart) -> tuple[PersonalPart, str]:
    """The part to keep, with values canonical JSON can say, and its commitment."""
    try:
        return personal, commitment(personal)
    except ContractError:
        kept = _sayable(personal)
        return kept, commitment(kept)


def _sayable(personal: PersonalPart) -> PersonalPart:
    try:
        return msgspec.structs.replace(
            personal,
            inputs=sayable(personal.inputs),
            outputs=sayable(personal.outputs),
            attributes=sayable(personal.attributes),
        )
    except RecursionError as error:
        field, expected = "decision.personal", "nesting the stack can hold"
        raise ContractError(field, expected, "deeper nesting") from error


def _instant(at: str) -> datetime:
    try:
        return datetime.fromisoformat(at)
    except ValueError as error:
        raise ContractError("decision.at", "an RFC 3339 time", at) from error


def _day(decision_id: str) -> str | None:
    moment = moment_of(decision_id)
    return None if moment is None else moment.date().isoformat()
