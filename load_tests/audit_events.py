"""The register at a million events: appended one a durable transaction, proved, verified."""

import argparse
import os
import time
from pathlib import Path

from rich.console import Console

from bentos.contract.register import Action
from control_plane.audit.service import Change, record
from control_plane.audit.verifier import verify
from control_plane.db import Database
from control_plane.migrations.upgrade import upgrade
from control_plane.principal import system
from load_tests.audit_part import Part
from load_tests.floors import Claim

EVENTS = 1_000_000
FLUSHES = 500
APPENDS_PER_S, VERIFY_S = 1000.0, 60.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of this part."""
    parser.add_argument("--events", type=int, default=EVENTS, help="events of the register")


def measure(options: argparse.Namespace, folder: Path, console: Console) -> Part:
    """Fill a register and ask it."""
    flush_ms = flush_cost_ms(folder)
    path = folder / "signalbox.db"
    upgrade(path)
    database = Database(path)
    try:
        per_second = append(database, options.events, console)
        verify_s = verification_s(database, options.events)
    finally:
        database.dispose()
    return Part(
        claims=[
            Claim(
                "append",
                "appends/s, one event a durable transaction",
                APPENDS_PER_S,
                APPENDS_PER_S,
                per_second,
            ),
            Claim("verify", "verify, seconds", VERIFY_S, VERIFY_S, verify_s, at_least=False),
        ],
        figures={
            "events": options.events,
            "fdatasync of 4 KiB, ms": flush_ms,
            "database, MB": path.stat().st_size / 1e6,
        },
    )


def flush_cost_ms(folder: Path) -> float:
    """What one flush to the disk costs here: the floor under any durable append."""
    with (folder / "flushed").open("wb", buffering=0) as file:
        started = time.perf_counter()
        for _ in range(FLUSHES):
            file.write(b"\x00" * 4096)
            os.fdatasync(file.fileno())
        return (time.perf_counter() - started) / FLUSHES * 1e3


def append(database: Database, events: int, console: Console) -> float:
    """Appends a second, each committed (synchronous=FULL) before the next."""
    principal = system("bench")
    started = time.perf_counter()
    for number in range(events):
        with database.write() as session:
            record(session, principal, change(number))
        if number % 100_000 == 99_999:
            console.print(f"{number + 1:,} events, {time.perf_counter() - started:.0f} s")
    return events / (time.perf_counter() - started)


def change(number: int) -> Change:
    """A ramp like those of a release: what a register mostly holds, and then some."""
    before = {
        "id": f"0193571a-7b00-7c4f-8a21-{number % 997:012d}",
        "model": "recommendations",
        "candidate": "recommendations:20261122-1a2b3c4d",
        "stable": "recommendations:20261101-00aa11bb",
        "kind": "standard",
        "shadow": True,
        "steps": [0.05, 0.25],
        "condition": {"country": {"$in": ["DE", "AT"]}},
        "state": "shadow",
        "step": number % 7,
        "revision": number,
        "author": "mia",
        "reason": "neue Empfehlungen für die Saison",
        "weight": 0.05,
    }
    after = before | {
        "state": "canary",
        "step": number % 7 + 1,
        "revision": number + 1,
        "weight": 0.25,
    }
    return Change(
        action=Action.RELEASE_RAMP,
        entity=f"release:{before['id']}",
        before=before,
        after=after,
        entity_revision=number + 1,
        reason="guardrails hold",
        ticket=f"OPS-{number}",
        approvals=("leo",),
    )


def verification_s(database: Database, events: int) -> float:
    """Seconds to re-derive everything."""
    started = time.perf_counter()
    with database.read() as session:
        found = verify(session)
    if not found.ok or found.size != events:
        raise RuntimeError(f"the register of the benchmark does not verify: {found}")
    return time.perf_counter() - started
