"""An export: one zip of events, the checkpoint they lie under, and what proves that they do.

    events.jsonl | events.csv | events.parquet
    proofs.jsonl      a selection only: each event's path to the root
    checkpoint.txt    the signed note, with witnesses' cosignatures
    verify.pyz        the offline verifier
    manifest.json     range, count, size, root, what stands around the range, digests of all files

A range is proved whole: its leaves and the perfect subtrees around them give the signed root. A
selection proves that each event is in the register, not that none was left out. It is made as
it is sent, a batch in memory at a time; what breaks off has no end and is no zip.
"""

import json
import zipfile
from array import array
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import IO, cast

from sqlalchemy import select

from bentos.contract.errors import ContractError
from bentos.contract.merkle_proof import inclusion_proof, range_proof
from control_plane.audit import checkpoints
from control_plane.audit.event_row import EVENTS, Members
from control_plane.audit.export_files import Digesting, Form, open_writer
from control_plane.audit.models import CheckpointRow
from control_plane.audit.offline_bundle import verifier_bundle
from control_plane.audit.proofs import encoded
from control_plane.audit.queries import Question, find, narrowed
from control_plane.audit.tree import StoredTree
from control_plane.db import Database, ReadSession

BATCH = 1000
MAX_SELECTED = 100_000
"""Events of a selection, as each takes a proof of its own."""
_DATE = (1980, 1, 1, 0, 0, 0)
FORMAT = "signalbox-register-export"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to export: events ``first`` to ``last`` (included), all or those that answer."""

    form: Form
    first: int
    last: int
    question: Question

    def __post_init__(self) -> None:
        """Refuse a range that is none."""
        if not 1 <= self.first <= self.last:
            raise ContractError("first", f"1 to {self.last}", self.first)


class _Pipe:
    """Takes what the archive writes and hands it on."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def take(self) -> Iterator[bytes]:
        parts, self._parts = self._parts, []
        if parts:
            yield b"".join(parts)


def stream(database: Database, checkpoint: CheckpointRow, order: Order) -> Iterator[bytes]:
    """The zip, piece by piece. Events never change, so each batch may have its own session."""
    pipe = _Pipe()
    maker = _Maker(database, checkpoint, order)
    with zipfile.ZipFile(cast("IO[bytes]", pipe), "w", zipfile.ZIP_DEFLATED) as archive:
        for _ in maker.events(archive):
            yield from pipe.take()
        if not order.question.asks_for_all:
            for _ in maker.proofs(archive):
                yield from pipe.take()
        maker.end(archive)
    yield from pipe.take()


class _Maker:
    def __init__(self, database: Database, checkpoint: CheckpointRow, order: Order) -> None:
        self._database = database
        self._checkpoint = checkpoint
        self._order = order
        self._digests: dict[str, str] = {}
        self._seqs = array("q")

    def events(self, archive: zipfile.ZipFile) -> Iterator[None]:
        """Write the events; one step a batch."""
        with archive.open(_entry(self._name), "w", force_zip64=True) as entry:
            file = Digesting(entry)
            writer = open_writer(self._order.form, file)
            for batch in self._batches():
                writer.write(batch)
                self._seqs.extend(event["seq"] for event in batch)
                yield
            writer.end()
        self._digests[self._name] = file.hexdigest()

    def proofs(self, archive: zipfile.ZipFile) -> Iterator[None]:
        """Write each selected event's path; one step a batch."""
        with archive.open(_entry("proofs.jsonl"), "w", force_zip64=True) as entry:
            file = Digesting(entry)
            for begin in range(0, len(self._seqs), BATCH):
                with self._database.read() as session:
                    nodes = StoredTree(session).node
                    for seq in self._seqs[begin : begin + BATCH]:
                        path = encoded(inclusion_proof(nodes, seq - 1, self._checkpoint.size))
                        file.write(json.dumps({"seq": seq, "path": path}).encode() + b"\n")
                yield
        self._digests["proofs.jsonl"] = file.hexdigest()

    def end(self, archive: zipfile.ZipFile) -> None:
        """Write what proves it."""
        with self._database.read() as session:
            note = checkpoints.with_cosignatures(session, self._checkpoint)
            around = self._around(session)
        for name, data in (("checkpoint.txt", note.encode()), ("verify.pyz", verifier_bundle())):
            with archive.open(_entry(name), "w") as entry:
                file = Digesting(entry)
                file.write(data)
            self._digests[name] = file.hexdigest()
        manifest = self._manifest(around)
        archive.writestr(_entry("manifest.json"), json.dumps(manifest, indent=2))

    @property
    def _name(self) -> str:
        return f"events.{self._order.form.value}"

    def _batches(self) -> Iterator[list[Members]]:
        after = self._order.first - 1
        while True:
            with self._database.read() as session:
                batch = self._batch(session, after)
            if batch:
                yield batch
            if len(batch) < BATCH:
                return
            after = batch[-1]["seq"]

    def _batch(self, session: ReadSession, after: int) -> list[Members]:
        return find(
            session, self._order.question, after=after, before=self._order.last + 1, limit=BATCH
        )

    def _around(self, session: ReadSession) -> list[str]:
        if not self._order.question.asks_for_all:
            return []
        nodes, order = StoredTree(session).node, self._order
        return encoded(range_proof(nodes, order.first - 1, order.last, self._checkpoint.size))

    def _manifest(self, around: list[str]) -> dict[str, object]:
        question = {name: value for name, value in asdict(self._order.question).items() if value}
        return {
            "format": FORMAT,
            "schema": 1,
            "events": self._name,
            "origin": self._checkpoint.origin,
            "size": self._checkpoint.size,
            "root": self._checkpoint.root,
            "signed_at": self._checkpoint.at,
            "first": self._order.first,
            "last": self._order.last,
            "selection": question or None,
            "count": len(self._seqs),
            "around": around,
            "files": self._digests,
        }


def check_size(session: ReadSession, order: Order) -> None:
    """Raise ContractError for a selection of more than ``MAX_SELECTED`` events."""
    if order.question.asks_for_all:
        return
    seqs = narrowed(session, select(EVENTS.c.seq), order.question).where(
        EVENTS.c.seq.between(order.first, order.last)
    )
    if session.connection().execute(seqs.offset(MAX_SELECTED).limit(1)).first() is not None:
        raise ContractError(
            "selection",
            f"at most {MAX_SELECTED} events",
            "more",
            "Ask for a shorter time, or for a range without a selection.",
        )


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
