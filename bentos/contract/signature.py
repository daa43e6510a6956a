"""A model's public signature: the named values callers send and get back (contract §2)."""

from enum import StrEnum
from typing import Any

import msgspec

from bentos.contract import canonical
from bentos.contract.datatype import Datatype
from bentos.contract.errors import ContractError
from bentos.contract.feature_view import check_name

DEFAULT_DEADLINE_MS = 200
ID_TYPES = frozenset(
    {Datatype.BYTES, Datatype.UINT32, Datatype.UINT64, Datatype.INT32, Datatype.INT64}
)


class Redaction(StrEnum):
    """What becomes of an input in the decision record."""

    PUBLIC = "public"
    PERSONAL = "personal"
    DROP = "drop"


class InputSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One named input. ``shape`` is per row: [] a scalar, [-1] a list of any length.

    An input that is not required and has ``default`` null counts as missing, which a
    float feature turns into NaN. ``minimum`` and ``maximum`` are inclusive; for a list
    they bound each element and ``max_length`` its length.
    """

    name: str
    datatype: Datatype
    shape: tuple[int, ...] = ()
    required: bool = True
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    redaction: Redaction = Redaction.PERSONAL
    description: str = ""


class OutputSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One named output. ``band`` names the two inputs an answer must lie between."""

    name: str
    datatype: Datatype
    shape: tuple[int, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    band: tuple[str, str] | None = None
    description: str = ""


class EntitySpec(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody or something a row is about: ``kind`` such as ``customer``, and the ``input``
    (text or a whole number) that carries its id. The id becomes a pseudonym before anything
    is looked up or written."""

    kind: str
    input: str


class ModelSignature(msgspec.Struct, frozen=True, kw_only=True):
    """What the callers of one model rely on, whichever version answers.

    ``entities`` is absent, not empty, where a model has none: older digests stay as they are.
    """

    model: str
    inputs: tuple[InputSpec, ...]
    outputs: tuple[OutputSpec, ...]
    deadline_ms: int = DEFAULT_DEADLINE_MS
    entities: tuple[EntitySpec, ...] | msgspec.UnsetType = msgspec.UNSET
    schema: int = 1

    def digest(self) -> str:
        """SHA-256 hex over the canonical JSON of the signature."""
        return canonical.digest(self)


def check_signature(signature: ModelSignature) -> None:
    """Raise ContractError for a signature no caller could rely on: no outputs, a name twice,
    a shape or bounds that nothing fits, a band between inputs that do not exist."""
    names = {spec.name for spec in signature.inputs}
    for kind, specs in (("inputs", signature.inputs), ("outputs", signature.outputs)):
        if not specs:
            raise ContractError(f"signature.{kind}", "at least one", "none")
        seen: set[str] = set()
        for spec in specs:
            field = f"signature.{kind}.{spec.name}"
            if not spec.name or spec.name in seen:
                raise ContractError(field, "a name of its own", spec.name)
            seen.add(spec.name)
            # Under such names a decision keeps what was looked up, beside the inputs.
            if isinstance(spec, InputSpec) and spec.name.startswith("view:"):
                raise ContractError(field, "a name that does not start with view:", spec.name)
            _check_spec(spec, field)
            if isinstance(spec, OutputSpec) and not set(spec.band or ()) <= names:
                raise ContractError(f"{field}.band", "two of the inputs", spec.band)
    if signature.deadline_ms < 1:
        raise ContractError("signature.deadline_ms", "1 or more", signature.deadline_ms)
    _check_entities(signature)


def entities_of(signature: ModelSignature) -> tuple[EntitySpec, ...]:
    """The entities a model's rows are about; none where the signature is silent."""
    return () if signature.entities is msgspec.UNSET else signature.entities


def check_extends(new: ModelSignature, old: ModelSignature) -> None:
    """A version may only add optional inputs; anything else is a new model.

    Raises ContractError naming the first input or output that differs.
    """
    if new.model != old.model:
        raise ContractError("signature.model", old.model, new.model)
    known = {spec.name: spec for spec in old.inputs}
    for spec in new.inputs:
        before = known.pop(spec.name, None)
        if before is None and spec.required:
            raise ContractError(
                f"signature.inputs.{spec.name}", "a new input to be optional", "required"
            )
        if before is not None and canonical.digest(before) != canonical.digest(spec):
            raise ContractError(f"signature.inputs.{spec.name}", "no change", spec)
    if known:
        raise ContractError(f"signature.inputs.{next(iter(known))}", "to stay", "removed")
    if new.outputs != old.outputs:
        raise ContractError("signature.outputs", "no change", "other outputs", "Make a new model.")
    if missing := set(entities_of(old)) - set(entities_of(new)):
        raise ContractError("signature.entities", "to stay", sorted(e.kind for e in missing))


def _check_entities(signature: ModelSignature) -> None:
    inputs = {spec.name: spec for spec in signature.inputs}
    kinds: set[str] = set()
    for entity in entities_of(signature):
        field = f"signature.entities.{entity.kind}"
        check_name(entity.kind, field)
        if entity.kind in kinds:
            raise ContractError(field, "a kind of its own", entity.kind)
        kinds.add(entity.kind)
        spec = inputs.get(entity.input)
        if spec is None:
            raise ContractError(f"{field}.input", f"one of {sorted(inputs)}", entity.input)
        if spec.shape or spec.datatype not in ID_TYPES:
            raise ContractError(f"{field}.input", "one text or whole number a row", spec)
        # A decision keeps the pseudonym. Beside it the id may stand only if it names no person.
        if spec.redaction is Redaction.PERSONAL:
            raise ContractError(f"{field}.input", "an input of class drop or public", "personal")


def _check_spec(spec: InputSpec | OutputSpec, field: str) -> None:
    # Only a caller's list may be of any length; what a version answers has a known shape.
    lowest = -1 if isinstance(spec, InputSpec) else 1
    if any(dimension < lowest or dimension == 0 for dimension in spec.shape):
        raise ContractError(f"{field}.shape", "dimensions of 1 or more", list(spec.shape))
    if spec.minimum is not None and spec.maximum is not None and spec.minimum > spec.maximum:
        raise ContractError(f"{field}.minimum", f"at most {spec.maximum}", spec.minimum)
