"""What a gateway would have decided and shipped: its own evaluator, log and shipper, no socket."""

import asyncio
import itertools
import json
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from bentos.contract.decision import Decision, Latency, PersonalPart
from bentos.contract.documents import KillBody, RoutesBody, parse_revision
from bentos.contract.identity import Pseudonymizer
from bentos.decision_lake.files import Lake
from gateway.config import LogFullPolicy
from gateway.decision_log import DecisionLog, Limits
from gateway.routing import Assignment, Routes
from gateway.shipper.register import Register
from gateway.shipper.shipping import Shipping
from tests.brief_decisions import brief

SHOP = "demo-shop"
_boots = itertools.count(1)


def decision_id(at: datetime) -> str:
    """A UUIDv7 of this moment (RFC 9562 §5.7)."""
    random = secrets.randbits(74)
    high, low = random >> 62, random & ((1 << 62) - 1)
    return str(UUID(int=int(at.timestamp() * 1000) << 80 | 7 << 76 | high << 64 | 2 << 62 | low))


class GatewayStandIn:
    """One boot of one gateway beside a running control plane."""

    def __init__(self, plane: Any, folder: Path, lake_url: str | None = None) -> None:
        self.plane = plane
        self.boot = f"b{next(_boots):04d}{secrets.token_hex(3)}"
        self.folder = folder / self.boot
        self.folder.mkdir(parents=True)
        self.lake = Lake(lake_url or str(plane.home / "lake" / "decisions"))
        key = bytes.fromhex((plane.home / "keys" / "pseudonym.key").read_text().strip())
        self.pseudonymizer = Pseudonymizer("k", key)
        self._log = DecisionLog(
            self.folder,
            "g.0",
            self.boot,
            policy=LogFullPolicy.REFUSE,
            limits=Limits(max_bytes=1 << 20, max_age_s=-1.0),
        )

    def subject(self, key: str) -> str:
        return self.pseudonymizer.pseudonym(SHOP, "targeting_key", key)

    def decide(
        self,
        model: str,
        key: str | None = None,
        *,
        at: datetime | None = None,
        attributes: dict[str, Any] | None = None,
        inputs: dict[str, Any] | None = None,
        outputs: dict[str, Any] | None = None,
        entities: dict[str, str] | None = None,
        schema_digest: str | None = None,
        of_shop: str = SHOP,
    ) -> str:
        """One decision by the routes published now; its id."""
        made = self._made(model, self._routes().assign(model, key, attributes or {}, None))
        moment = at or datetime.now(UTC)
        made = replace(
            made,
            decision_id=decision_id(moment),
            shop=of_shop,
            at=moment.isoformat(timespec="microseconds"),
            schema_digest=schema_digest,
        )
        personal = PersonalPart(
            subject=None if key is None else self.subject(key),
            pseudonym_key_id="k",
            entities=entities or {},
            inputs=inputs or {"amount": [12.5]},
            outputs=outputs or {"score": [0.25]},
            attributes=attributes or {},
            salt=secrets.token_hex(16),
        )
        asyncio.run(self._log.write(lambda seq: brief(self._log, replace(made, seq=seq), personal)))
        return made.decision_id

    def _made(self, model: str, assigned: Assignment) -> Decision:
        """By this assignment, before it is anybody's."""
        return Decision(
            decision_id="",
            shop=SHOP,
            at="",
            gateway="g.0",
            boot=self.boot,
            seq=0,
            model=model,
            release_id=assigned.release_id,
            step=assigned.step,
            revision=assigned.revision,
            assigned_version=assigned.version,
            served_version=assigned.version,
            variant=assigned.variant,
            reason=assigned.reason,
            bucket=assigned.bucket,
            status=200,
            rows=1,
            latency_us=Latency(900, 10, 20, 300),
            batch_rows=1,
            feature_age_s=None,
            schema_digest=None,
        )

    def assigned(self, model: str, key: str) -> str:
        """The version a key gets by the routes published now; nothing is recorded."""
        return str(self._routes().assign(model, key, {}, None).version)

    def close_segment(self) -> None:
        self._log.rotate_if_due()

    def ship(self) -> None:
        """Close the segment and ship everything, as the shipper does."""
        self.close_segment()
        register = Register(self.plane.url, self.plane.home / "keys" / "gateway.key")
        try:
            assert Shipping(self.folder, self.lake, register).ship_all()
        finally:
            register.close()

    def _routes(self) -> Routes:
        index = self.plane.holder("gateway").get("/gateway/v1/documents/index").json()
        header = next(each for each in index if each["name"] == "routes")
        body = self.plane.document("routes")
        revision = header["revision"]
        if isinstance(revision, str):
            parsed = parse_revision(revision)
        else:
            parsed = parse_revision(".".join(map(str, revision)))
        return Routes(
            RoutesBody(features=json.loads(json.dumps(body["features"]))),
            KillBody(),
            parsed,
            parsed,
        )
