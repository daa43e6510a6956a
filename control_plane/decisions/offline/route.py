"""Which route the decision took, found again in the document of its revision."""

from typing import Any

from control_plane.audit.offline.notes import Unproven
from control_plane.decisions.offline.documents import Document

BUCKETS = 10_000
FNV_PRIME, FNV_START = 0x01000193, 0x811C9DC5


def check_route(decision: dict[str, Any], documents: dict[str, Document]) -> dict[str, Any]:
    """What sent it to the version it was assigned to; raises Unproven when nothing did."""
    killed = decision["variant"] == "stable" and "kill" in documents
    document = documents.get("kill" if killed else "routes")
    if document is None or len(documents) != 1:
        raise Unproven("documents: expected the one that made this decision")
    if document.revision != decision["revision"]:
        raise Unproven("documents: of another revision than the decision's")
    if killed:
        return _killed(decision, document.body)
    feature = document.body["features"].get(f"model.{decision['model']}")
    if feature is None:
        raise Unproven("documents: it has no route for the decision's model")
    if decision["release_id"] is not None:
        return _split(decision, feature)
    if decision["variant"] == "pinned":
        return {"kind": "pinned"}
    return _default(decision, feature)


def bucket_of(seed: str, key: str) -> int:
    """GrowthBook's hash v2, as whole ten-thousandths: fnv1a32(str(fnv1a32(seed + key)))."""
    return _fnv1a32(str(_fnv1a32(seed + key))) % BUCKETS


def _killed(decision: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    entry = body["models"].get(decision["model"])
    if entry is None or entry["version"] != decision["assigned_version"]:
        raise Unproven("decision: no kill of its revision forces its version")
    return {"kind": "kill", "kill": entry["id"]}


def _split(decision: dict[str, Any], feature: dict[str, Any]) -> dict[str, Any]:
    """The arm of the release's rule; the recorded bucket lies in the arm's range."""
    name = f"{decision['release_id']}/{decision['step']}"
    for rule in feature.get("rules", []):
        if rule.get("key") != decision["release_id"]:
            continue
        for index, meta in enumerate(rule["meta"]):
            if meta != {"key": decision["variant"], "name": name}:
                continue
            low, high = rule["ranges"][index]
            if rule["variations"][index]["serve"] != decision["assigned_version"]:
                raise Unproven("decision: its arm serves another version")
            if not low <= decision["bucket"] / BUCKETS < high:
                raise Unproven("decision: its bucket is not in its arm's range")
            told = {"kind": "split", "rule": rule["key"], "seed": rule["seed"]}
            return told | {"range": [low, high], "condition": rule.get("condition")}
    raise Unproven("decision: no rule of its revision has its release, step and variant")


def _default(decision: dict[str, Any], feature: dict[str, Any]) -> dict[str, Any]:
    if decision["bucket"] is not None:
        return _upstream_split(decision, feature)
    if feature["defaultValue"]["serve"] == decision["assigned_version"]:
        return {"kind": "default"}
    for rule in feature.get("rules", []):
        if rule.get("force", {}).get("serve") == decision["assigned_version"]:
            return {"kind": "forced", "rule": rule.get("id")}
    raise Unproven("decision: no route of its revision serves its version")


def _upstream_split(decision: dict[str, Any], feature: dict[str, Any]) -> dict[str, Any]:
    """The arm of a rule that an upstream GrowthBook made: no release stands behind it."""
    for rule in feature.get("rules", []):
        arms = zip(
            rule.get("meta", []), rule.get("ranges", []), rule.get("variations", []), strict=False
        )
        for meta, (low, high), value in arms:
            here = low <= decision["bucket"] / BUCKETS < high
            serves = value["serve"] == decision["assigned_version"]
            if here and serves and meta.get("key") == decision["variant"]:
                told = {"kind": "upstream", "rule": rule.get("id"), "range": [low, high]}
                return told | {"condition": rule.get("condition")}
    raise Unproven("decision: no rule of its revision has its variant and its bucket")


def _fnv1a32(text: str) -> int:
    value = FNV_START
    # As the SDKs do: over code points, not bytes.
    for character in text:
        value = ((value ^ ord(character)) * FNV_PRIME) & 0xFFFFFFFF
    return value
