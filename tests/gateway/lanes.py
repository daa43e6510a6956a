"""Asking a lane directly, without the gateway around it."""

import asyncio
import struct

from gateway.lane import Lane
from gateway.lane_pressure import Pressure, Priority
from tests.gateway.installation import NARROW, SIGNATURE, STABLE

PATIENT_S = 20.0


async def until(holds):
    for _ in range(6000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to hold")


async def open_lane(
    pressure: Pressure, *addresses: str, slots=1, max_batch_rows=4, max_waiting_rows=4096
):
    """A lane of STABLE with every connection open."""
    lane = Lane(
        STABLE,
        SIGNATURE,
        NARROW.tensors(),
        max_batch_rows=max_batch_rows,
        max_waiting_rows=max_waiting_rows,
        slots=slots,
        pressure=pressure,
    )
    lane.set_addresses(addresses)
    await until(lambda: len(lane.pool.idle) == slots * len(addresses))
    return lane


async def close_lane(lane) -> None:
    """Close it with what is in flight, which may be with a worker that never answers."""
    lane.close()
    for connection in tuple(lane._flight.batches):
        connection.close()
    await asyncio.sleep(0.01)


def ask(lane, amount=10.0, within=PATIENT_S, priority=Priority.LIVE, traceparent=None):
    """One row; the graph's answer is sigmoid(amount / 100 - 1)."""
    deadline = asyncio.get_running_loop().time() + within
    return lane.submit((struct.pack("<f", amount),), 1, deadline, priority, traceparent)
