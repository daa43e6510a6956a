"""That every audit proof still holds after an erasure, checked by the verifiers outsiders use."""

import json
from dataclasses import dataclass
from pathlib import Path

from load_tests.shop.drill_site import DrillSite

REDACTED = 6
"Exit code of a reproduction whose dataset was redacted."


@dataclass(frozen=True)
class Proofs:
    """``failed``: what does not verify any more; ``checked``: proofs that were looked at."""

    failed: list[str]
    checked: int
    segments: int
    redacted: int


def check_proofs(site: DrillSite, folder: Path) -> Proofs:
    """The register's export and the proofs of all segments and redactions offline, the register
    against its tree, the registered roots against the lake."""
    key = str(site.home / "keys" / "register.pub")
    export = folder / "export.zip"
    export.write_bytes(site.call("POST", "/api/v1/register/exports", {}))
    failed = [] if _offline(site, export, key) else ["export of the register"]
    verified = site.call("GET", "/api/v1/register/verify")
    if not verified["ok"]:
        failed.append(f"register: {verified}")
    segments, redactions = _events(site, "segment:register"), _events(site, "decision:redact")
    for seq in (*segments, *redactions):
        proof = folder / f"{seq}.tlog-proof"
        answer = site.ask("GET", f"/api/v1/register/proofs/{seq}")
        proof.write_bytes(answer.content)
        if not answer.is_success or not _offline(site, proof, key):
            failed.append(f"proof of event {seq}")
    url = {"SIGNALBOX_CONTROL_PLANE_URL": site.control_url}
    said = site.run("gateway.shipper", "verify", "--json", codes=(0, 1), settings=url)
    lake = json.loads(said)
    if not lake["ok"]:
        failed.append(f"segments in the lake: {lake}")
    return Proofs(failed, 3 + len(segments) + len(redactions), len(segments), lake["redacted"])


def named_by_reproduction(site: DrillSite, version: str) -> list[str]:
    """The redactions a reproduction names; RuntimeError unless it ends with their exit code."""
    said = site.run("training", "reproduce", version, "--json", codes=(REDACTED,))
    return list(json.loads(said)["redactions"])


def _events(site: DrillSite, action: str) -> list[int]:
    found = site.call("GET", f"/api/v1/register/events?action={action}&limit=1000")
    return [event["seq"] for event in found if event["outcome"] == "allowed"]


def _offline(site: DrillSite, file: Path, key: str) -> bool:
    said = site.run("control_plane.audit.offline", str(file), "--key", key, codes=(0, 1))
    return bool(json.loads(said)["ok"])
