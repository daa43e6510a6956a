"""An evidence file, checked from its proofs up to its summary; whatever does not fit is named."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from control_plane.audit.offline.notes import Policy, Unproven, parse_hash
from control_plane.audit.offline.proofs import leaf_hash, root_by_inclusion
from control_plane.decisions.offline.documents import DocumentKeys, check_documents
from control_plane.decisions.offline.events import Events
from control_plane.decisions.offline.release import replay
from control_plane.decisions.offline.route import check_route

FORMAT = "signalbox evidence v1"
INCLUDED, WITHHELD, ERASED = "included", "withheld", "erased"
_MEMBERS: dict[str, Any] = {
    "format": str,
    "decision": str,
    "path": list,
    "personal_state": str,
    "personal": (str, type(None)),
    "documents": list,
    "manifests": list,
    "events": list,
    "summary": dict,
}


_TOLD = (
    *("decision_id", "shop", "at", "model", "assigned_version", "served_version"),
    *("variant", "reason", "bucket", "status"),
)
_NAMES = {*_TOLD, "gateway", "boot", "seq", "commitment", "release_id", "step", "schema_digest"}


@dataclass
class Evidence:
    """What the file says, once proved."""

    decision: dict[str, Any]
    summary: dict[str, Any] = field(default_factory=dict)


def check_evidence(
    text: str, register: Policy, documents: DocumentKeys, *, compare: bool = True
) -> Evidence:
    """Check everything; raises Unproven whose message begins with what does not fit.

    ``compare`` is false for whoever has the summary made.
    """
    try:
        return _checked(text, register, documents, compare=compare)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        # Only what no Signalbox wrote and no other check has named before.
        raise Unproven(f"file: it is not of its form ({type(error).__name__})") from error


def _checked(text: str, register: Policy, documents: DocumentKeys, *, compare: bool) -> Evidence:
    given = _shaped(text)
    events = Events(given["events"], register)
    decision = parse("decision", given["decision"])
    if missing := _NAMES - decision.keys():
        raise Unproven(f"decision: without {min(missing)}")
    evidence = Evidence(decision)
    _check_segment(given, decision, events)
    _check_personal(given, decision, events)
    bodies = check_documents(given["documents"], documents, events)
    route = check_route(decision, bodies)
    versions = _check_manifests(given["manifests"], decision, events)
    release = replay(events, decision, bodies)
    events.must_all_be_used()
    evidence.summary = _summary(decision, given, versions) | {
        "route": route,
        "release": release,
        "documents": {name: body.published for name, body in bodies.items()},
        "register": events.checkpoint,
    }
    if compare:
        _compare("summary", given["summary"], evidence.summary)
    return evidence


def parse(name: str, text: Any) -> dict[str, Any]:
    """A canonical text's JSON object."""
    try:
        value = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise Unproven(f"{name}: it is no JSON") from error
    if not isinstance(value, dict):
        raise Unproven(f"{name}: expected an object")
    return value


def _shaped(text: str) -> dict[str, Any]:
    given = parse("file", text)
    if given.get("format") != FORMAT:
        raise Unproven(f"format: expected {FORMAT}, got {str(given.get('format'))[:40]}")
    for name in given.keys() ^ _MEMBERS.keys():
        raise Unproven(f"{name}: {'unknown here' if name in given else 'missing'}")
    for name, kind in _MEMBERS.items():
        if not isinstance(given[name], kind):
            raise Unproven(f"{name}: of another type than it should be")
    return given


def _check_segment(given: dict[str, Any], decision: dict[str, Any], events: Events) -> None:
    """The decision's leaf leads to the root its segment was registered with."""
    event = events.take_one("segment:register")
    segment = {name: pair[1] for name, pair in event["diff"].items() if name != "gap"}
    here = (decision["gateway"], decision["boot"])
    if here != (segment["gateway"], segment["boot"]):
        raise Unproven("decision: it is of another gateway or boot than its segment")
    try:
        path = [parse_hash(each) for each in given["path"]]
    except (ValueError, TypeError) as error:
        raise Unproven("path: expected hashes in base64") from error
    if given["path"] != [base64.b64encode(each).decode() for each in path]:
        raise Unproven("path: it is not written canonically")
    leaf = leaf_hash(given["decision"].encode())
    index = decision["seq"] - segment["first_seq"]
    try:
        root = root_by_inclusion(leaf, index, segment["count"], path)
    except Unproven as error:
        raise Unproven(f"path: {error}") from error
    if root.hex() != segment["root"]:
        raise Unproven("decision: it is not in its segment as that was registered")


def _check_personal(given: dict[str, Any], decision: dict[str, Any], events: Events) -> None:
    state, text = given["personal_state"], given["personal"]
    if state not in (INCLUDED, WITHHELD, ERASED) or (state == INCLUDED) != (text is not None):
        raise Unproven("personal_state: it does not fit what is here")
    if state == ERASED:
        erased = events.take_all("decision:redact")
        if not any(decision["decision_id"] in event["diff"]["decisions"] for event in erased):
            raise Unproven("personal_state: no redaction names this decision")
    if text is None:
        return
    salt = parse("personal", text).get("salt")
    try:
        promised = hashlib.sha256(bytes.fromhex(str(salt)) + text.encode()).hexdigest()
    except ValueError as error:
        raise Unproven("personal: its salt is none") from error
    if promised != decision["commitment"]:
        raise Unproven("personal: it is not what the decision commits to")


def _check_manifests(
    texts: list[Any], decision: dict[str, Any], events: Events
) -> dict[str, dict[str, Any]]:
    """Version → manifest, each as registered; exactly those the decision names."""
    found: dict[str, dict[str, Any]] = {}
    for text in texts:
        manifest = parse("manifests", text)
        version = str(manifest.get("version"))
        try:
            event = events.take_one("version:register", f"version:{version}")
        except Unproven as error:
            raise Unproven("manifests: one of a version that no event registers") from error
        if hashlib.sha256(text.encode()).hexdigest() != event["diff"]["manifest_digest"][1]:
            raise Unproven(f"manifests: that of {version} is not the one registered")
        if version in found:
            raise Unproven(f"manifests: that of {version} stands twice")
        found[version] = {
            "manifest_digest": event["diff"]["manifest_digest"][1],
            "features_digest": event["diff"]["features_digest"][1],
            "bento_digest": manifest["bento_digest"],
            "dataset_digest": manifest["dataset"]["digest"],
            "registered_at": event["at"],
        }
    named = {decision["assigned_version"], decision["served_version"]} - {None}
    if found.keys() != named:
        raise Unproven(f"manifests: expected those of {sorted(named)}, got {sorted(found)}")
    served, digest = decision["served_version"], decision["schema_digest"]
    if served and digest and found[served]["features_digest"] != digest:
        raise Unproven("decision: its schema digest is not that of the version that served")
    return found


def _summary(
    decision: dict[str, Any], given: dict[str, Any], versions: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    told = {name: decision[name] for name in _TOLD}
    told["revision"] = ".".join(map(str, decision["revision"]))
    return told | {"personal_state": given["personal_state"], "versions": versions}


def _compare(name: str, given: Any, derived: Any) -> None:
    """Name the first member that says something else than what was proved."""
    if isinstance(given, dict) and isinstance(derived, dict):
        for member in sorted(given.keys() | derived.keys()):
            if (member in given) != (member in derived):
                raise Unproven(f"{name}.{member}: {'unknown' if member in given else 'missing'}")
            _compare(f"{name}.{member}", given[member], derived[member])
    elif isinstance(given, list) and isinstance(derived, list) and len(given) == len(derived):
        for index, (one, other) in enumerate(zip(given, derived, strict=True)):
            _compare(f"{name}[{index}]", one, other)
    elif given != derived or isinstance(given, bool) != isinstance(derived, bool):
        raise Unproven(f"{name}: it is not what the rest proves")
