"""A decision again: by its own route and version, or with another version, person or inputs.

Run are the inputs as they were recorded, what was looked up in feature views among them. What
the signature had dropped, or what only another version looks up, is in no record: it is named,
and stood in for only when that is asked for.
"""

from dataclasses import dataclass, field
from typing import Any

from bentos.contract.attributes import AttributeType, check_attributes
from bentos.contract.datatype import Datatype
from bentos.contract.documents import DocumentName, Revision, decode_body
from bentos.contract.errors import ContractError
from bentos.contract.features import INPUT_SOURCE, looked_up
from bentos.contract.manifest import Manifest
from bentos.contract.register import Action
from bentos.contract.rows import Row, row_type, to_rows
from bentos.contract.signature import InputSpec, Redaction, entities_of
from bentos.contract.view_packing import Known
from control_plane.db import Database, ReadSession
from control_plane.decisions import service
from control_plane.decisions.difference import TOLERANCE, differences
from control_plane.decisions.inference import Workers
from control_plane.decisions.looked_up import known_of
from control_plane.decisions.route_evaluation import evaluate
from control_plane.decisions.store import DecisionStore
from control_plane.decisions.subject import check_raw
from control_plane.decisions.view import personal_view
from control_plane.errors import ConflictError, NotFoundError
from control_plane.principal import Principal
from control_plane.publish.fleets import ready_addresses
from control_plane.publish.models import BodyRow, PublishedRow
from control_plane.registry.decoded import MANIFESTS
from control_plane.registry.service import attribute_types, get_version

MAX_ROWS = 1024


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is to be otherwise. ``inputs``: name → one value a row. ``targeting_key`` is raw and
    kept nowhere. ``version`` None: the one the route leads to."""

    version: str | None = None
    targeting_key: str | None = None
    attributes: dict[str, Any] | None = None
    inputs: dict[str, list[Any]] = field(default_factory=dict)
    use_defaults: bool = False


@dataclass(frozen=True)
class Plan:
    """What is to be run: everything read from the database, nothing asked of a worker yet."""

    manifest: Manifest
    rows: list[Row]
    known: Known
    addresses: tuple[str, ...]
    told: dict[str, Any]


def rerun(
    database: Database,
    store: DecisionStore,
    workers: Workers,
    principal: Principal,
    decision_id: str,
    changes: Changes,
) -> dict[str, Any]:
    """Run a decision's inputs again and record that it was done; what it gives, and gave.

    Raises NotFoundError, and what ``plan`` and ``run`` raise.
    """
    if changes.targeting_key is not None:
        check_raw(changes.targeting_key)
    with database.read() as session:
        row = service.require(store, session, decision_id)
        personal = personal_view(store.personal(row))
        wanted = plan(session, row, personal, changes)
    with database.write() as session:
        told = {name: wanted.told[name] for name in ("version", "changed_inputs", "defaulted")}
        service.record_read(session, principal, decision_id, Action.DECISION_RERUN, **told)
    # No transaction is open while a worker is asked.
    assert personal is not None
    found: dict[str, Any] = run(row, personal, wanted, workers)
    return found


def plan(
    session: ReadSession,
    decision: dict[str, Any],
    personal: dict[str, Any] | None,
    changes: Changes,
) -> Plan:
    """Raises ConflictError where something needed is in no record, ContractError for changes
    that cannot be."""
    if personal is None:
        raise ConflictError("the personal part was erased: there are no inputs to run again")
    route = _route(session, decision, personal, changes)
    version = changes.version or (route or {}).get("version") or decision["served_version"]
    version = version or decision["assigned_version"]
    manifest = MANIFESTS.of(get_version(session, version))
    if manifest.model != decision["model"]:
        raise ContractError("version", f"a version of {decision['model']}", version)
    recorded = personal["inputs"]
    inputs, defaulted = _inputs(manifest, recorded, changes, decision["rows"])
    known, unknown = known_of(manifest.features, inputs, decision["rows"])
    if unknown and not changes.use_defaults:
        raise ConflictError(
            f"what feature views held then is not recorded ({', '.join(unknown)}); "
            "give it, or ask with use_defaults to run with their defaults"
        )
    told = {
        "route": route,
        "version": version,
        "changed_inputs": sorted(changes.inputs),
        "defaulted": sorted(defaulted) + sorted(unknown),
    }
    addresses = ready_addresses(session).get(version, ())
    rows = _rows(manifest, inputs, decision["rows"])
    return Plan(manifest, rows, known, addresses, told)


def run(decision: dict[str, Any], personal: dict[str, Any], wanted: Plan, workers: Workers) -> Any:
    """Ask the worker, and compare with what was recorded."""
    outputs, worker = workers.ask(wanted.manifest, wanted.rows, wanted.known, wanted.addresses)
    found = differences(personal["outputs"], outputs)
    same = wanted.told["version"] == decision["served_version"]
    untouched = same and not wanted.told["changed_inputs"] and not wanted.told["defaulted"]
    return {
        "decision_id": decision["decision_id"],
        "recorded_version": decision["served_version"],
        **wanted.told,
        "worker": worker,
        "outputs": found,
        "tolerance": TOLERANCE,
        # Only the same version on the very same inputs has to say the same.
        "reproduced": all(each["same"] for each in found.values()) if untouched else None,
    }


def _route(
    session: ReadSession, decision: dict[str, Any], personal: dict[str, Any], changes: Changes
) -> dict[str, Any] | None:
    """What would have served, by the document of the decision's revision."""
    if changes.targeting_key is None and changes.attributes is None:
        return None
    revision = Revision(*decision["revision"])
    row = session.get(PublishedRow, (revision.epoch, revision.number))
    body = None if row is None else session.get(BodyRow, row.digest)
    if row is None or body is None:
        raise NotFoundError(f"no document of revision {revision} is in the archive")
    if row.name != DocumentName.ROUTES.value:
        raise ConflictError("a kill decided: whoever it was, the same version would have served")
    if changes.targeting_key is None and decision["release_id"] is not None:
        raise ContractError("targeting_key", "the key: a bucket decides here too", None)
    declared = {name: AttributeType(kind) for name, kind in attribute_types(session).items()}
    given = personal["attributes"] if changes.attributes is None else changes.attributes
    attributes = check_attributes(given, declared)
    routes = decode_body(DocumentName.ROUTES, body.body)
    found = evaluate(routes, decision["model"], changes.targeting_key, attributes)
    return found.as_json() | {"revision": str(revision)}


def _inputs(
    manifest: Manifest, recorded: dict[str, Any], changes: Changes, rows: int
) -> tuple[dict[str, list[Any]], set[str]]:
    """Name → one value a row, and which of them stand in for what was dropped."""
    specs = {spec.name: spec for spec in manifest.signature.inputs}
    names = {*specs, *looked_up(manifest.features)}
    for name, values in changes.inputs.items():
        if name not in names:
            raise ContractError(f"inputs.{name}", f"one of {sorted(names)}", name)
        if len(values) != rows:
            raise ContractError(f"inputs.{name}", f"{rows} values, one a row", len(values))
    found = {name: values for name, values in recorded.items() if name in names} | changes.inputs
    ids = _ids_alone(manifest)
    lacking = {n for n, spec in specs.items() if n not in ids and _is_lacking(spec, found)}
    if lacking and not changes.use_defaults:
        raise ConflictError(
            f"the signature has these dropped from the record: {', '.join(sorted(lacking))}; "
            "give them, or ask with use_defaults to run without"
        )
    required = [name for name, spec in specs.items() if spec.required and name not in found]
    stand_ins = {name: [_stand_in(specs[name])] * rows for name in required}
    return found | stand_ins, lacking


def _ids_alone(manifest: Manifest) -> set[str]:
    """Ids that no feature is made of: they lead to what was looked up, and that is recorded."""
    read = {f.source_name for f in manifest.features.features if f.source_kind == INPUT_SOURCE}
    return {entity.input for entity in entities_of(manifest.signature)} - read


def _is_lacking(spec: InputSpec, found: dict[str, Any]) -> bool:
    # An optional one of another class was never sent, or its version came later.
    return spec.name not in found and (spec.required or spec.redaction is Redaction.DROP)


def _stand_in(spec: InputSpec) -> Any:
    """The plainest value the signature lets through."""
    if spec.default is not None:
        return spec.default
    value: Any = "" if spec.datatype is Datatype.BYTES else 0
    if spec.datatype is Datatype.BOOL:
        value = False
    elif spec.minimum is not None and spec.minimum > 0:
        value = spec.minimum
    for length in reversed(spec.shape):
        value = [value] * max(length, 0)
    return value


def _rows(manifest: Manifest, inputs: dict[str, list[Any]], rows: int) -> list[Row]:
    if not 1 <= rows <= MAX_ROWS:
        raise ConflictError(f"a decision of {rows} rows is not run again: at most {MAX_ROWS}")
    names = [spec.name for spec in manifest.signature.inputs if spec.name in inputs]
    members = [
        {name: inputs[name][index] for name in names if inputs[name][index] is not None}
        for index in range(rows)
    ]
    return to_rows(members, row_type(manifest.signature))
