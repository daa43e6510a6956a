"""One fault under steady load: calm, fault, repair, calm again."""

import asyncio
import time
from typing import Any

from load_tests.fault_list.fault import Fault
from load_tests.fault_list.verdict import Verdict, judge
from load_tests.installation.callers import Phase, Seen
from load_tests.installation.site import Site

RECOVERY_SECONDS = 25.0
LEARN_SECONDS = 0.05


async def try_out(fault: Fault[Any], site: Site, seconds: float) -> Verdict:
    """Run one trial: a quarter of ``seconds`` before, half during, a quarter after the fault.

    The wait for recovery comes on top.
    """
    learning = asyncio.create_task(_learn(site))
    async with site.callers() as callers:
        seen = callers.seen
        await asyncio.sleep(seconds / 4)
        seen.phase = Phase.DURING
        await asyncio.to_thread(fault.inject, site)
        recovery = asyncio.create_task(_until_recovered(fault, site, seen))
        await asyncio.sleep(seconds / 2)
        if not fault.heals_itself:
            recovery.cancel()
            await asyncio.to_thread(fault.heal, site)
            recovery = asyncio.create_task(_until_recovered(fault, site, seen))
        seen.phase = Phase.AFTER
        recovered_s = await recovery
        await asyncio.sleep(seconds / 4)
    learning.cancel()
    records = await asyncio.to_thread(site.records)
    return judge(fault, site, seen, records, recovered_s)


async def _learn(site: Site) -> None:
    """Whatever routes were in force, however shortly, answers are judged by them."""
    while True:
        site.learn()
        await asyncio.sleep(LEARN_SECONDS)


async def _until_recovered(fault: Fault[Any], site: Site, seen: Seen) -> float | None:
    """Seconds from now to recovery; None if it never came."""
    started = time.monotonic()
    while time.monotonic() - started < RECOVERY_SECONDS:
        if await asyncio.to_thread(fault.recovered, site, seen.since(started)):
            return time.monotonic() - started
        await asyncio.sleep(fault.looks_every_s)
    return None
