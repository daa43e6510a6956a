"""The result in one JSON, and whether everything in it is as it should be."""

from typing import Any

from bentos.contract.manifest import Manifest
from demo.board import Board
from demo.records import ShadowTally
from demo.steps import Step, all_right
from demo.story import LEAST_KEYS, Kill

SHOWN_FAILURES = 5


def versions(manifests: list[Manifest]) -> list[dict[str, Any]]:
    """Every version with what is known of it offline."""
    return [
        {
            "version": manifest.version,
            "state": manifest.state.value,
            "rejection": manifest.rejection,
            "dataset_digest": manifest.dataset.digest,
            "primary_metric": manifest.offline.primary,
            "metrics": manifest.offline.model,
            "baseline": {manifest.offline.baseline_name: manifest.offline.baseline},
            "protocol": manifest.offline.protocol,
            "parity": {
                "rows": manifest.parity.rows,
                "edge_rows": manifest.parity.edge_rows,
                "max_abs_error": manifest.parity.max_abs_error,
                "mismatches": manifest.parity.mismatches,
                "passed": manifest.parity.passed,
            },
        }
        for manifest in manifests
    ]


def requests(board: Board) -> dict[str, Any]:
    """What was sent and how it went."""
    tally = board.tally
    return {
        "sent": tally.sent,
        "failures": len(tally.failures),
        "failure_examples": [
            f"{each.model} {each.key}: {each.problem}" for each in tally.failures[:SHOWN_FAILURES]
        ],
        "answered_by": {version: count for (_, version), count in tally.by_version.items()},
        "reasons": dict(tally.by_reason),
        "last_p50_ms": round(tally.quantile_ms(0.5), 2),
        "last_p99_ms": round(tally.quantile_ms(0.99), 2),
    }


def shadow(tallies: dict[str, ShadowTally]) -> dict[str, Any]:
    """Shadow agreement by version."""
    return {
        version: {
            "outcomes": tally.outcomes,
            "answered": tally.ok,
            "compared": tally.compared,
            "agreement": None if tally.agreement is None else round(tally.agreement, 5),
        }
        for version, tally in tallies.items()
    }


def killed(kill: Kill | None) -> dict[str, Any] | None:
    """The worker killed on purpose."""
    if kill is None:
        return None
    back = None if kill.back_s is None else round(kill.back_s, 2)
    return {"version": kill.version, "back_after_s": back, "stable_stepped_in": kill.stepped_in}


def between(step: Step) -> dict[str, Any]:
    """Answers outside the steps: while a worker starts or a route is taken up."""
    step.finish()
    return {
        "requests": step.requests,
        "answers_checked": step.checked,
        "variant_mismatches": len(step.mismatches),
        "mismatch_examples": step.mismatches[:SHOWN_FAILURES],
    }


def problems(result: dict[str, Any]) -> list[str]:
    """What is off, in words; empty when the demo may say that all is well."""
    found = all_right(result["steps"], LEAST_KEYS)
    outside = result["between_the_steps"]["variant_mismatches"]
    if outside:
        found.append(f"between the steps {outside} answers differ from the routes")
    if result["requests"]["failures"]:
        found.append(f"{result['requests']['failures']} requests failed")
    decisions = result["decisions"]
    if decisions["acknowledged"] != decisions["found"]:
        found.append(f"{decisions['acknowledged'] - decisions['found']} decisions are lost")
    if decisions["unlogged_answers"]:
        found.append(f"{decisions['unlogged_answers']} answers were not logged")
    if not result["register"].get("ok"):
        found.append(f"the register does not verify: {result['register']}")
    found += [
        f"{version['version']} failed its parity gate"
        for version in result["versions"]
        if not version["parity"]["passed"]
    ]
    if any(step["step"] == "shadow" for step in result["steps"]) and not result["shadow"]:
        found.append("no shadow outcome is recorded")
    killed_worker = result["killed_worker"]
    if killed_worker is not None and killed_worker["back_after_s"] is None:
        found.append("the killed worker did not come back")
    return found
