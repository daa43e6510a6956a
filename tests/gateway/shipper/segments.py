"""Segments as a gateway writes them, for the shipper's tests."""

import asyncio
import itertools
import os
import secrets
from pathlib import Path

import msgspec

from bentos.contract.decision import PersonalPart, ShadowOutcome
from gateway.config import LogFullPolicy
from gateway.decision_id import RANDOM_BYTES, new_decision_id
from gateway.decision_log import DecisionLog, Limits
from tests.gateway.made_decision import keep, make_decision, make_personal

MODELS = ("fraud", "pricing")
DAYS = ("2026-01-01", "2026-01-02")
SUBJECTS = ("S1", "S0", None, "S2")


class Writer:
    """One boot of one gateway; ``ids`` are the decisions in the order they were written."""

    def __init__(self, folder: Path, boot: str | None = None) -> None:
        self.boot = boot or secrets.token_hex(6)
        self.folder = folder
        self.ids: list[str] = []
        self._kinds = itertools.cycle(itertools.product(MODELS, DAYS, SUBJECTS))
        self._log = DecisionLog(
            folder,
            "g.0",
            self.boot,
            policy=LogFullPolicy.REFUSE,
            limits=Limits(max_bytes=1 << 20, max_age_s=-1.0),
        )

    def write(self, count: int, shadows: int = 0, personal: PersonalPart | None = None) -> None:
        """One closed segment."""
        for _ in range(count):
            model, day, subject = next(self._kinds)
            identifier = new_decision_id(os.urandom(RANDOM_BYTES))

            def decision(seq, identifier=identifier, model=model, day=day, subject=subject):
                return msgspec.structs.replace(
                    make_decision(seq),
                    decision_id=identifier,
                    gateway="g.0",
                    boot=self.boot,
                    model=model,
                    at=f"{day}T00:00:{seq % 60:02d}.000000+00:00",
                    feature_age_s=seq / 3 or None,
                    personalised=msgspec.UNSET if subject else False,
                )

            part = personal or msgspec.structs.replace(
                make_personal(), subject=subject, salt=secrets.token_hex(16)
            )
            asyncio.run(keep(self._log, decision, part))
            self.ids.append(identifier)
        for _ in range(shadows):
            self._log.append_shadow(make_outcome(self.ids[-1] if self.ids else "unknown"))
        self._log.rotate_if_due()

    @property
    def closed(self) -> list[Path]:
        return sorted(self.folder.glob(f"g.0-{self.boot}-*.segment"))


def make_outcome(decision_id: str) -> ShadowOutcome:
    return ShadowOutcome(
        decision_id=decision_id,
        version="fraud:20260103-cccccccc",
        status="ok",
        latency_us=900,
        outputs={"fraud_probability": [0.25]},
        comparison={"fraud_probability": 0.0},
        agrees=True,
    )
