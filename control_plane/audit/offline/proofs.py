"""Merkle proofs, straight from RFC 6962 §2.1, and their files (c2sp.org/tlog-proof@v1)."""

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from control_plane.audit.offline.notes import Checkpoint, Policy, Unproven, parse_hash

PROOF_HEADER = "c2sp.org/tlog-proof@v1"


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 ‖ data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _half(size: int) -> int:
    half = 1
    while 2 * half < size:
        half *= 2
    return half


def root_by_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root of a tree of ``size`` in which ``path`` leads from ``leaf`` at ``index`` up.

    RFC 6962 §2.1.1 read backwards. Raises Unproven when the path has not the length it takes.
    """
    if not 0 <= index < size:
        raise Unproven(f"proof: index {index} is not in a tree of {size}")
    if size == 1:
        if path:
            raise Unproven("proof: it is longer than its tree is high")
        return leaf
    if not path:
        raise Unproven("proof: it is shorter than its tree is high")
    half, rest, last = _half(size), path[:-1], path[-1]
    if index < half:
        return _node(root_by_inclusion(leaf, index, half, rest), last)
    return _node(last, root_by_inclusion(leaf, index - half, size - half, rest))


def root_by_range(
    begin: int, end: int, size: int, leaves: Iterator[bytes], around: list[bytes]
) -> bytes:
    """The root of a tree of ``size`` in which ``leaves`` are those from ``begin`` to ``end``.

    ``around``: the perfect subtrees outside the range, left to right, as few as make it up.
    Both are used up from the front. Raises Unproven when there are too few.
    """

    def root(low: int, high: int) -> bytes:
        outside = high <= begin or low >= end
        perfect = (high - low).bit_count() == 1
        if outside and perfect:
            return around.pop(0)
        if high - low == 1:
            return next(leaves)
        middle = low + _half(high - low)
        left = root(low, middle)
        return _node(left, root(middle, high))

    try:
        return root(0, size) if size else hashlib.sha256(b"").digest()
    except (IndexError, StopIteration) as error:
        raise Unproven("proof: it does not make up its tree") from error


@dataclass(frozen=True)
class Proof:
    """``extra``: whatever the prover put in, here the event's canonical JSON."""

    index: int
    path: tuple[bytes, ...]
    note: str
    extra: bytes


def parse_proof(text: str) -> Proof:
    """Read a tlog-proof; raises Unproven when it is none. Nothing is verified."""
    head, _, note = text.partition("\n\n")
    lines = head.split("\n")
    if lines.pop(0) != PROOF_HEADER:
        raise Unproven(f"proof: expected {PROOF_HEADER} on its first line")
    try:
        extra = b""
        if lines[0].startswith("extra "):
            extra = base64.b64decode(lines.pop(0).removeprefix("extra "), validate=True)
        word, index = lines.pop(0).split(" ")
        if word != "index" or not index.isascii() or str(int(index)) != index:
            raise ValueError(word)
        return Proof(int(index), tuple(map(parse_hash, lines)), note, extra)
    except (ValueError, IndexError) as error:
        raise Unproven("proof: expected an index and a hash a line") from error


def verify_proof(text: str, policy: Policy) -> dict[str, Any]:
    """Check a proof file that carries its event; raises Unproven."""
    proof = parse_proof(text)
    checkpoint, seen = policy.check(proof.note)
    root = root_by_inclusion(leaf_hash(proof.extra), proof.index, checkpoint.size, proof.path)
    if root != checkpoint.root:
        raise Unproven(f"proof: its event is not at index {proof.index} of the checkpoint")
    event = parse_event(proof.extra.decode(), proof.index + 1)
    return summary(checkpoint, seen) | {"events": 1, "event": event}


def parse_event(text: str, seq: int) -> dict[str, Any]:
    """An event's JSON; raises Unproven when it is not the ``seq``-th."""
    event: dict[str, Any] = json.loads(text)
    if event["seq"] != seq:
        raise Unproven(f"event {seq} says it is {event['seq']}")
    return event


def summary(checkpoint: Checkpoint, seen: dict[str, int]) -> dict[str, Any]:
    """What a report says of the checkpoint; ``witnessed``: when each witness saw it (s)."""
    told = {"ok": True, "origin": checkpoint.origin, "size": checkpoint.size}
    return told | {"root": checkpoint.root.hex(), "witnessed": seen}
