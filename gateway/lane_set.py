"""The lanes of a process: planned from the endpoints document first, changed only afterwards.

A document is obeyed whole or not at all. So a plan says what is wrong with it while no lane has
been touched, and carrying it out raises nothing any more.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from gateway.config import GatewayConfig
from gateway.lane import Lane
from gateway.lane_address import parse_address
from gateway.lane_pressure import Pressure
from gateway.past_snapshots import PastSnapshots
from gateway.snapshot import Snapshot


@dataclass(frozen=True)
class LanePlan:
    """The lanes there will be, and where each of them leads."""

    lanes: Mapping[str, Lane]
    places: Mapping[str, tuple[str, ...]]


class LaneSet:
    """Makes lanes, leads them where they are to lead, and lets them leave."""

    def __init__(self, config: GatewayConfig, pressure: Pressure, past: PastSnapshots) -> None:
        self._config = config
        self._pressure = pressure
        self._past = past
        self._leaving: dict[asyncio.Task[None], Lane] = {}

    def plan(self, places: Mapping[str, tuple[str, ...]], last: Snapshot) -> LanePlan:
        """One lane for each version with addresses and a schema; those there are stay.

        Raises ContractError for an address of no known kind. Nothing is changed, and a lane that
        is new has no connection yet.
        """
        lanes: dict[str, Lane] = {}
        for version, where in places.items():
            if version not in last.packers:
                continue  # its schema arrives with a later revision of `schemas`
            for text in where:
                parse_address(text)
            lanes[version] = last.lanes.get(version) or self._lane(version, last)
        return LanePlan(lanes, {version: places[version] for version in lanes})

    def follow(self, plan: LanePlan, before: Mapping[str, Lane]) -> None:
        """Carry a plan out; lanes of ``before`` that are not in it leave."""
        for version, lane in plan.lanes.items():
            lane.set_addresses(plan.places[version])
        for version, lane in before.items():
            if version not in plan.lanes:
                self._leave(lane)

    def close(self, lanes: Mapping[str, Lane]) -> None:
        """Close these, and those that were leaving."""
        for task in self._leaving:
            task.cancel()
        for lane in (*lanes.values(), *self._leaving.values()):
            lane.close()

    def _leave(self, lane: Lane) -> None:
        """Whoever was routed to this lane before is answered; then it is closed."""
        task = asyncio.create_task(lane.leave(partial(self._past.lead_to, lane)))
        self._leaving[task] = lane
        task.add_done_callback(lambda done: self._leaving.pop(done, None))

    def _lane(self, version: str, last: Snapshot) -> Lane:
        config = self._config
        return Lane(
            version,
            last.models[last.model_of[version]].signature,
            last.packers[version].blocks,
            max_batch_rows=config.max_batch_rows,
            max_waiting_rows=config.max_waiting_rows,
            slots=config.lane_slots,
            pressure=self._pressure,
        )
