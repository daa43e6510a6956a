"""How much of the traffic a candidate gets after a verb; pure."""

from bentos.contract.errors import ContractError
from bentos.contract.route import BUCKETS, weight_to_buckets
from control_plane.errors import PolicyError
from control_plane.releases import lifecycle
from control_plane.releases.content import steps_of
from control_plane.releases.lifecycle import State, Verb
from control_plane.releases.models import ReleaseRow


def next_buckets(row: ReleaseRow, verb: Verb, to: State, weight: float | None) -> int:
    """Buckets of 10,000 once ``verb`` has led to ``to``; ``weight`` is what was asked for."""
    if weight is not None and verb not in (Verb.RAMP, Verb.LOWER, Verb.RESUME):
        raise ContractError("weight", f"none with {verb.value}", weight)
    if verb is Verb.LOWER:
        return _lowered(row, weight)
    if to is State.PROMOTED:
        return BUCKETS
    if verb is Verb.HALT or to in lifecycle.CLOSED:
        return 0
    if verb is Verb.START:
        return steps_of(row)[0].buckets if to is State.CANARY else 0
    if verb is Verb.RESUME:
        return _resumed(row, to, weight)
    return _ramped(row, weight) if verb is Verb.RAMP else row.buckets


def _resumed(row: ReleaseRow, to: State, weight: float | None) -> int:
    if weight is None:
        return row.buckets
    if to is not State.CANARY:
        raise ContractError("weight", "none, as the release goes back to shadow", weight)
    return weight_to_buckets(weight)


def _lowered(row: ReleaseRow, weight: float | None) -> int:
    if weight is None or weight_to_buckets(weight) >= row.buckets:
        raise ContractError("weight", f"less than the present {row.buckets / BUCKETS}", weight)
    return weight_to_buckets(weight)


def _ramped(row: ReleaseRow, weight: float | None) -> int:
    if weight is not None:
        buckets = weight_to_buckets(weight)
        if buckets == 0 and row.step == 0:
            raise ContractError("weight", "more than 0 to begin the canary", weight)
        if buckets == row.buckets and row.state == State.CANARY.value:
            raise PolicyError(f"the canary has weight {weight} already")
        return buckets
    for planned in steps_of(row):
        if planned.buckets > row.buckets:
            return planned.buckets
    raise PolicyError("the plan has no further step; promote, or give a weight")
