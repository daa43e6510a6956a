"""Planning against Shopify's leaky bucket: pure, no clock and no file.

The bucket of an app on a shop holds ``capacity`` points and gains ``rate`` a second. A query
is let in when its requested cost is in it; what it did not use comes back with the answer
(https://shopify.dev/docs/api/usage/limits). Ours is an estimate of theirs that is never
above it as long as nobody else uses the same app on the shop:

- what is asked for is taken out before it is sent,
- an answer says what was available then. Requests on their way may or may not be in that
  figure, so it bounds the estimate from both sides instead of replacing it.

Who must wait stands in line, so that small requests do not starve a large one.
"""

from typing import NamedTuple

import msgspec

FIRST_LEVEL = 1000.0
"Assumed before Shopify said anything: the most one query may cost fits any plan's bucket."
FIRST_RATE = 100.0
"Of the smallest plan."
RECHECK_S = 1.0
"Who waits shows so often that it is still there."
EAGER_RECHECK_S = 0.2
"And looks so often whether somebody on the way gave points back, or left the line."
ROUNDING = 1e-6
ABSENT_S = 3.0
"Real seconds after which one who stands in line and was not seen is gone."


class Reading(NamedTuple):
    """What an answer says of the bucket; ``actual`` is what the query used."""

    actual: float
    available: float
    capacity: float
    rate: float


class Flight(msgspec.Struct, frozen=True):
    """A request on its way. ``spent_before``: the bucket's count of used points at its start."""

    id: int
    cost: float
    spent_before: float
    until: float


class Waiting(msgspec.Struct, frozen=True):
    """One in line; ``seen`` in real seconds."""

    id: int
    cost: float
    seen: float


class Bucket(msgspec.Struct, frozen=True):
    """The estimate. ``at`` and ``closed_until`` are by the shop's clock, in seconds."""

    level: float = FIRST_LEVEL
    capacity: float = FIRST_LEVEL
    rate: float = FIRST_RATE
    at: float = 0.0
    closed_until: float = 0.0
    spent: float = 0.0
    next_id: int = 1
    flights: tuple[Flight, ...] = ()
    line: tuple[Waiting, ...] = ()


class Turn(NamedTuple):
    """The answer to a request for points: go (``wait_s`` is None), or wait and ask again."""

    id: int
    wait_s: float | None


def ask(
    bucket: Bucket, turn: int | None, cost: float, now: float, real: float, flight_s: float
) -> tuple[Bucket, Turn]:
    """Ask for ``cost`` points; ``turn`` is the number an earlier answer gave, if any.

    ``flight_s`` is how long the request can be on its way at most, in real seconds.
    """
    current = _without_the_gone(_refilled(bucket, now), real)
    number = current.next_id if turn is None else turn
    known = [each for each in current.line if each.id == number]
    if turn is None:
        current = msgspec.structs.replace(current, next_id=number + 1)
    ahead = sum(each.cost for each in current.line if each.id < number)
    wait = _wait(current, cost, ahead, now)
    if wait is None:
        flight = Flight(number, cost, current.spent, real + flight_s)
        return msgspec.structs.replace(
            current,
            level=max(0.0, current.level - cost),
            flights=(*current.flights, flight),
            line=tuple(each for each in current.line if each not in known),
        ), Turn(number, None)
    others = [each for each in current.line if each not in known]
    line = sorted([*others, Waiting(number, cost, real)], key=lambda each: each.id)
    return msgspec.structs.replace(current, line=tuple(line)), Turn(number, wait)


def settle(bucket: Bucket, turn: int, reading: Reading | None, now: float) -> Bucket:
    """Note what came back for a request. Without a reading its points count as used."""
    current = _refilled(bucket, now)
    flight = next((each for each in current.flights if each.id == turn), None)
    if flight is None:
        # Long given up: its figure is too old to say anything.
        return current
    others = tuple(each for each in current.flights if each is not flight)
    used = flight.cost if reading is None else reading.actual
    spent = current.spent + used
    if reading is None:
        return msgspec.structs.replace(current, flights=others, spent=spent)
    # What others took while this one was away may be missing in its figure.
    unsure = sum(each.cost for each in others) + current.spent - flight.spent_before
    estimate = current.level + flight.cost - reading.actual
    level = min(max(estimate, reading.available - unsure), reading.available)
    return msgspec.structs.replace(
        current,
        level=level,
        capacity=reading.capacity,
        rate=reading.rate,
        flights=others,
        spent=spent,
    )


def give_up(bucket: Bucket, turn: int) -> Bucket:
    """Leave the line, or give back what a request took that never left."""
    back = sum(each.cost for each in bucket.flights if each.id == turn)
    return msgspec.structs.replace(
        bucket,
        level=min(bucket.level + back, bucket.capacity),
        flights=tuple(each for each in bucket.flights if each.id != turn),
        line=tuple(each for each in bucket.line if each.id != turn),
    )


def close(bucket: Bucket, seconds: float, now: float) -> Bucket:
    """Let nobody through for so long: the shop asked to be left alone (429, 430, 423)."""
    return msgspec.structs.replace(bucket, closed_until=max(bucket.closed_until, now + seconds))


def _wait(bucket: Bucket, cost: float, ahead: float, now: float) -> float | None:
    lacking = cost + ahead - bucket.level
    needed = max(lacking / bucket.rate if lacking > ROUNDING else 0, bucket.closed_until - now)
    if needed <= 0:
        return None
    if ahead:
        return EAGER_RECHECK_S
    # The first in line waits exactly as long as it must.
    return min(needed, EAGER_RECHECK_S if bucket.flights else RECHECK_S)


def _refilled(bucket: Bucket, now: float) -> Bucket:
    """The bucket at ``now``. A clock that stands before ``at`` was started anew: nothing is added.

    Then no more than that time has passed in truth, so the estimate stays below the truth.
    """
    passed = max(0.0, now - bucket.at)
    level = min(bucket.capacity, bucket.level + passed * bucket.rate)
    closed = bucket.closed_until if now >= bucket.at else min(bucket.closed_until, now + 60)
    return msgspec.structs.replace(bucket, level=level, at=now, closed_until=closed)


def _without_the_gone(bucket: Bucket, real: float) -> Bucket:
    """Drop who died: in line and not seen for a while, or away longer than anything takes."""
    return msgspec.structs.replace(
        bucket,
        line=tuple(each for each in bucket.line if 0 <= real - each.seen <= ABSENT_S),
        flights=tuple(each for each in bucket.flights if each.until - 3600 <= real <= each.until),
    )
