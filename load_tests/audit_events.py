"""The register at a million events: appended to durably, proved, verified, exported."""

import argparse
import os
import random
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from bentos.contract.register import Action
from control_plane.audit.checkpoint_copies import CheckpointCopies
from control_plane.audit.checkpointer import Checkpointer
from control_plane.audit.export_files import Form
from control_plane.audit.exports import Order, stream
from control_plane.audit.models import CheckpointRow
from control_plane.audit.offline.__main__ import verify_file
from control_plane.audit.offline.notes import Policy
from control_plane.audit.offline.proofs import verify_proof
from control_plane.audit.proofs import proof_file
from control_plane.audit.queries import Question
from control_plane.audit.register_key import load_register_signer
from control_plane.audit.service import Change, record
from control_plane.audit.verification import verify_all
from control_plane.config import Settings
from control_plane.db import Database
from control_plane.init import initialise
from control_plane.principal import system
from load_tests.audit_part import Part, bar, forget, percentile
from load_tests.floors import Claim

EVENTS = 1_000_000
FLUSHES = 500
DURABLE = 20_000
FILLED_AT_ONCE = 1000
PROOFS = 200
COLD_PROOFS = 20


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of this part."""
    parser.add_argument("--events", type=int, default=EVENTS, help="events of the register")
    parser.add_argument(
        "--durable", type=int, default=DURABLE, help="how many of them, the last, are measured"
    )


def measure(options: argparse.Namespace, folder: Path, console: Console) -> Part:
    """Fill the register of a fresh home and ask it."""
    flush_ms = flush_cost_ms(folder)
    settings = Settings(home=folder / "home")
    initialise(settings, "bench")
    database = Database(settings.database)
    try:
        before = max(0, options.events - options.durable)
        fill(database, before, console)
        used = time.process_time()
        per_second = append(database, range(before, options.events))
        append_us = (time.process_time() - used) / (options.events - before) * 1e6
        register = Register(database, settings)
        sign_ms = milliseconds(register.sign)
        cold_ms = register.cold_proofs_ms(_files(settings))
        used = time.process_time()
        proofs_ms = register.proofs_ms()
        proof_cpu_ms = (time.process_time() - used) / PROOFS * 1e3
        forget(_files(settings))
        used = time.process_time()
        with bar("verifying", options.events, console) as told:
            verify_s = register.verification_s(options.events, told)
        verify_cpu_s = time.process_time() - used
        export_s = milliseconds(lambda: register.export(folder / "export.zip")) / 1e3
        offline_s = milliseconds(lambda: register.verify_export(folder / "export.zip")) / 1e3
    finally:
        database.dispose()
    worst_ms = percentile(proofs_ms, 0.99)
    return Part(
        claims=[
            _claim("append", "appends/s, one event a durable transaction", 1000, per_second),
            _claim("proof", "inclusion proof p99, warm, ms", 10, worst_ms, at_least=False),
            _claim("verify", "verify, cold, seconds", 60, verify_s, at_least=False),
        ],
        figures={
            "events": options.events,
            "fdatasync of 4 KiB, ms": flush_ms,
            "CPU of an append, µs": append_us,
            "CPU of verify, s": verify_cpu_s,
            "database, MB": sum(each.stat().st_size for each in _files(settings)) / 1e6,
            "inclusion proof p50, warm, ms": percentile(proofs_ms, 0.5),
            "inclusion proof p50, cold, ms": percentile(cold_ms, 0.5),
            "inclusion proof worst, cold, ms": max(cold_ms),
            "CPU of a proof, made and checked, ms": proof_cpu_ms,
            "checkpoint signed and copied, ms": sign_ms,
            "export of all as JSON lines, s": export_s,
            "export verified offline, s": offline_s,
            "largest memory of this process, MB": _peak_mb(),
        },
    )


class Register:
    """A filled register, and what is asked of it."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._signer = load_register_signer(settings.keys)
        self._copies = CheckpointCopies(settings.checkpoint_copies)
        self._checkpointer = Checkpointer(database, self._signer, self._copies, interval_s=60)

    def sign(self) -> CheckpointRow:
        """A checkpoint over all of it."""
        return self._checkpointer.make()

    def proofs_ms(self) -> list[float]:
        """How long a proof file of a random event takes, each from a session of its own."""
        checkpoint = self.sign()
        rng = random.Random(1)
        return [self._proof_ms(checkpoint, rng) for _ in range(PROOFS)]

    def cold_proofs_ms(self, files: Sequence[Path]) -> list[float]:
        """The same of a few, each from the disk."""
        checkpoint, rng, found = self.sign(), random.Random(2), []
        for _ in range(COLD_PROOFS):
            forget(files)
            found.append(self._proof_ms(checkpoint, rng))
        return found

    def _proof_ms(self, checkpoint: CheckpointRow, rng: random.Random) -> float:
        seq = rng.randint(1, checkpoint.size)
        started = time.perf_counter()
        with self._database.read() as session:
            text = proof_file(session, seq, checkpoint)
        took = (time.perf_counter() - started) * 1e3
        verify_proof(text, Policy(self._signer.public))
        return took

    def verification_s(self, events: int, note: Callable[[int], None]) -> float:
        """Seconds to re-derive everything, with the stored and the copied checkpoint."""
        started = time.perf_counter()
        with self._database.read() as session:
            found = verify_all(session, self._copies, note=note)
        if not found.ok or found.size < events or found.anchors < 2:
            raise RuntimeError(f"the register of the benchmark does not verify: {found}")
        return time.perf_counter() - started

    def export(self, path: Path) -> None:
        """All of it into a zip."""
        checkpoint = self.sign()
        order = Order(form=Form.JSONL, first=1, last=checkpoint.size, question=Question())
        with path.open("wb") as file:
            for piece in stream(self._database, checkpoint, order):
                file.write(piece)

    def verify_export(self, path: Path) -> None:
        """As an auditor does."""
        verify_file(path, Policy(self._signer.public))


def _claim(name: str, text: str, floor: float, value: float, *, at_least: bool = True) -> Claim:
    return Claim(name, text, floor, floor, value, at_least=at_least)


def milliseconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1e3


def _files(settings: Settings) -> list[Path]:
    return [each for each in (settings.home / "control_plane").iterdir() if each.is_file()]


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def flush_cost_ms(folder: Path) -> float:
    """What one flush to the disk costs here: the floor under any durable append."""
    with (folder / "flushed").open("wb", buffering=0) as file:
        started = time.perf_counter()
        for _ in range(FLUSHES):
            file.write(b"\x00" * 4096)
            os.fdatasync(file.fileno())
        return (time.perf_counter() - started) / FLUSHES * 1e3


def fill(database: Database, events: int, console: Console) -> None:
    """Append many events a transaction: how the register comes to its size is not measured."""
    principal = system("bench")
    with bar("filling the register", events, console) as told:
        for begin in range(0, events, FILLED_AT_ONCE):
            end = min(begin + FILLED_AT_ONCE, events)
            with database.write() as session:
                for number in range(begin, end):
                    record(session, principal, change(number))
            told(end)


def append(database: Database, durable: range) -> float:
    """Appends a second, each committed (synchronous=FULL) before the next."""
    principal = system("bench")
    started = time.perf_counter()
    for number in durable:
        with database.write() as session:
            record(session, principal, change(number))
    return len(durable) / (time.perf_counter() - started)


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
