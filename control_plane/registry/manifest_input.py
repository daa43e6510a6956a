"""Reads a manifest from JSON that a stranger sent; every refusal names the field."""

import re
from typing import Any

import msgspec

from bentos.contract.errors import ContractError
from bentos.contract.manifest import Manifest, VersionState, check_manifest
from control_plane.body import check_sayable

_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_MISMATCH = re.compile(r"^Expected (?P<expected>.+), got (?P<got>.+)$")
_MISSING = re.compile(r"^Object missing required field `(?P<name>.+)`$")


def read_manifest(body: Any) -> Manifest:
    """Decode and check a manifest; raises ContractError."""
    check_sayable(body, "manifest")
    try:
        manifest = msgspec.convert(body, Manifest)
    except msgspec.ValidationError as error:
        raise _explain(str(error)) from error
    check_manifest(manifest)
    _check_gates(manifest)
    return manifest


def _check_gates(manifest: Manifest) -> None:
    """A version that failed a gate may be registered, but only as rejected."""
    offline = manifest.offline
    for part, values in (("model", offline.model), ("baseline", offline.baseline)):
        if offline.primary not in values:
            field = f"manifest.offline.{part}"
            raise ContractError(field, f"the primary metric {offline.primary}", sorted(values))
    if manifest.state is not VersionState.REGISTERED:
        if not manifest.rejection:
            raise ContractError("manifest.rejection", "why it was rejected", manifest.rejection)
        return
    if not manifest.parity.passed or manifest.parity.mismatches:
        raise ContractError("manifest.state", "rejected, as parity failed", "registered")
    if not offline.beats_baseline():
        raise ContractError(
            "manifest.state", f"rejected, as it loses to {offline.baseline_name}", "registered"
        )


def _explain(message: str) -> ContractError:
    parts = _AT.match(message)
    what, path = (parts["what"], parts["path"] or "") if parts else (message, "")
    field = f"manifest{path}"
    missing = _MISSING.match(what)
    if missing:
        return ContractError(f"{field}.{missing['name']}", "a value", None)
    mismatch = _MISMATCH.match(what)
    if mismatch:
        return ContractError(
            field, mismatch["expected"].replace("`", ""), mismatch["got"].replace("`", "")
        )
    return ContractError(field, "a valid manifest", what.replace("`", "'"))
