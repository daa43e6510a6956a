"""Decisions as the API shows them: rows of the lake with their JSON texts parsed."""

import json
from typing import Any

from bentos.contract.decision import Latency, PersonalPart, ShadowOutcome
from control_plane.decisions.engine import Row

_TEXTS = ("entities", "inputs", "outputs", "attributes")


def public_view(row: Row) -> dict[str, Any]:
    """The public part; ``revision`` as texts name it, latencies (µs) by name."""
    shown = {name: value for name, value in row.items() if name != "filename"}
    shown["revision"] = ".".join(map(str, row["revision"]))
    shown["latency_us"] = dict(zip(Latency.__struct_fields__, row["latency_us"], strict=True))
    return shown


def personal_view(row: Row | None) -> dict[str, Any] | None:
    """The personal part without its salt; None where it was erased."""
    if row is None:
        return None
    names = (name for name in PersonalPart.__struct_fields__ if name != "salt")
    return {name: _parsed(name, row[name]) for name in names}


def shadow_view(row: Row, *, outputs: bool) -> dict[str, Any]:
    """What a shadow version answered; its outputs are about a person."""
    names = [name for name in ShadowOutcome.__struct_fields__ if outputs or name != "outputs"]
    return {name: _parsed(name, row[name]) for name in names}


def _parsed(name: str, value: Any) -> Any:
    texts = (*_TEXTS, "comparison")
    return json.loads(value) if name in texts and isinstance(value, str) else value
