"""When two persons are not two pairs of eyes: one of them could act as the other. Pure.

Whoever makes a person, gives them a role, a password, a key or an identity, or lets them in
again, could for all anybody can see be that person, or have picked them for the occasion. For
some days afterwards neither is independent of the other, nor of whomever they went on to make.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MAX_TOLD = 3
"""Hands that are named in one refusal; the register has all of them."""


@dataclass(frozen=True, kw_only=True)
class Hand:
    """What ``giver`` gave ``taker``, as the register's event ``seq`` tells; ``at``: RFC 3339."""

    seq: int
    at: str
    giver: str
    taker: str
    what: str


Chain = tuple[Hand, ...]
"""From one person to another, each link later than the one before."""


def chains(giver: str, hands: Iterable[Hand]) -> dict[str, Chain]:
    """Everybody ``giver`` could act as, and how. ``hands`` in the register's order.

    A link counts only after its giver was reached: what Ben gave before Ada made him hers is no
    doing of Ada's.
    """
    reached: dict[str, Chain] = {giver: ()}
    for hand in hands:
        if hand.giver in reached and hand.taker not in reached:
            reached[hand.taker] = (*reached[hand.giver], hand)
    del reached[giver]
    return reached


def ties(judge: str, others: Iterable[str], hands: Sequence[Hand]) -> dict[str, Chain]:
    """Those of ``others`` whom the judge is not independent of, with what binds them."""
    theirs = chains(judge, hands)
    found = {}
    for other in sorted(set(others) - {judge}):
        chain = chains(other, hands).get(judge) or theirs.get(other)
        if chain:
            found[other] = chain
    return found


def same_hand(judge: str, others: Iterable[str], hands: Sequence[Hand]) -> tuple[str, ...]:
    """Third persons who could act both as the judge and as one of the others.

    In a young installation that is its admin, who made everybody: no reason to refuse, but one
    to be told.
    """
    concerned = set(others) - {judge}
    givers = sorted({hand.giver for hand in hands} - concerned - {judge})
    reaches = {giver: chains(giver, hands).keys() for giver in givers}
    return tuple(g for g in givers if judge in reaches[g] and concerned & reaches[g])


def told(judge: str, found: dict[str, Chain]) -> str:
    """Why the judge may not, in words: who gave what to whom, and where it is recorded."""
    of = ", ".join(found)
    links = [hand for chain in found.values() for hand in chain]
    said = "; ".join(
        f"{hand.giver} did {hand.what} for {hand.taker} at {hand.at} (event {hand.seq})"
        for hand in links[:MAX_TOLD]
    )
    return f"{judge} is not independent of {of}: {said}"
