"""A version's feature schema: how named values become the tensors its graph is fed (contract §2).

Packing by this schema is internal to the lane; stable and canary may differ in width.
"""

import re

import msgspec

from bentos.contract import canonical
from bentos.contract.datatype import ARRAY_TYPES, Datatype
from bentos.contract.errors import ContractError
from bentos.contract.feature_view import FeatureView, check_view
from bentos.contract.signature import ModelSignature, entities_of

INPUT_SOURCE = "input"
VIEW_SOURCE = "view"
DEFAULT_TENSOR = "features"
VIEW_FIELD = re.compile(r"[^@:]+@[^@:]+:[^:]+")
FLOATS = frozenset({Datatype.FP16, Datatype.FP32, Datatype.FP64})


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """One feature: ``width`` consecutive columns of ``tensor``.

    ``source`` is ``input:<name>`` or ``view:<view>@<version>:<field>``. ``default`` fills
    what is missing (null: NaN, for floats only) and pads a list shorter than ``width``.
    Values outside [minimum, maximum] are clipped to them.
    """

    name: str
    source: str
    datatype: Datatype = Datatype.FP32
    tensor: str = DEFAULT_TENSOR
    width: int = 1
    default: float | None = None
    minimum: float | None = None
    maximum: float | None = None

    @property
    def source_kind(self) -> str:
        """``input`` or ``view``."""
        return self.source.partition(":")[0]

    @property
    def source_name(self) -> str:
        """The input's name, or ``<view>@<version>:<field>``."""
        return self.source.partition(":")[2]

    @property
    def view_field(self) -> tuple[str, str]:
        """``<view>@<version>`` and the field, of a feature that comes from a view."""
        view, _, field = self.source_name.partition(":")
        return view, field


class TensorBlock(msgspec.Struct, frozen=True):
    """Consecutive features that share one tensor of shape [rows, width]."""

    name: str
    datatype: Datatype
    features: tuple[Feature, ...]

    @property
    def width(self) -> int:
        """Columns of the tensor."""
        return sum(feature.width for feature in self.features)


class FeatureSchema(msgspec.Struct, frozen=True, kw_only=True):
    """Ordered features of one version; the order is the column order.

    ``views`` declares the feature views its features read; absent where they read none.
    """

    model: str
    features: tuple[Feature, ...]
    views: tuple[FeatureView, ...] | msgspec.UnsetType = msgspec.UNSET
    schema: int = 1

    def digest(self) -> str:
        """SHA-256 hex over the canonical JSON of the schema."""
        return canonical.digest(self)

    def tensors(self) -> tuple[TensorBlock, ...]:
        """The graph's inputs, in order of first appearance."""
        blocks: dict[str, list[Feature]] = {}
        for feature in self.features:
            blocks.setdefault(feature.tensor, []).append(feature)
        return tuple(
            TensorBlock(name, members[0].datatype, tuple(members))
            for name, members in blocks.items()
        )


def views_of(schema: FeatureSchema) -> tuple[FeatureView, ...]:
    """The views a schema declares; none where it is silent."""
    return () if schema.views is msgspec.UNSET else schema.views


def looked_up(schema: FeatureSchema) -> dict[str, tuple[int, str]]:
    """Source of each feature that comes from a view, each once → (place among the schema's
    views, field). Under these names a decision keeps what was looked up."""
    places = {view.tag: place for place, view in enumerate(views_of(schema))}
    found = {}
    for feature in schema.features:
        if feature.source_kind == VIEW_SOURCE:
            tag, field = feature.view_field
            found[feature.source] = places[tag], field
    return found


def check_views(schema: FeatureSchema, signature: ModelSignature) -> None:
    """Raise ContractError unless every view a feature reads is declared, and about an entity
    the signature names: only then can a gateway look it up."""
    kinds = {entity.kind for entity in entities_of(signature)}
    declared: set[str] = set()
    for view in views_of(schema):
        field = f"schema.views.{view.tag}"
        check_view(view, field)
        if view.tag in declared:
            raise ContractError(field, "to be declared once", view.tag)
        declared.add(view.tag)
        if view.entity not in kinds:
            expected = f"one of the signature's entities {sorted(kinds)}"
            raise ContractError(f"{field}.entity", expected, view.entity)
    for feature in schema.features:
        if feature.source_kind == VIEW_SOURCE and feature.view_field[0] not in declared:
            raise ContractError(
                f"schema.features.{feature.name}.source",
                f"a declared view, one of {sorted(declared)}",
                feature.source,
            )


def check_schema(schema: FeatureSchema, signature: ModelSignature) -> None:
    """Raise ContractError unless every feature can be packed from the signature's inputs."""
    if schema.model != signature.model:
        raise ContractError("schema.model", signature.model, schema.model)
    if not schema.features:
        raise ContractError("schema.features", "at least one", "none")
    inputs = {spec.name for spec in signature.inputs}
    seen: set[str] = set()
    for feature in schema.features:
        field = f"schema.features.{feature.name}"
        if feature.name in seen:
            raise ContractError(field, "a name of its own", feature.name)
        seen.add(feature.name)
        _check_source(feature, inputs, f"{field}.source")
        _check_values(feature, field)
    for block in schema.tensors():
        kinds = {feature.datatype for feature in block.features}
        if len(kinds) > 1:
            raise ContractError(f"schema tensor {block.name}", "one datatype", sorted(kinds))
    # Schemas from before views were declared stay readable; none of them can be registered anew.
    if schema.views is not msgspec.UNSET:
        check_views(schema, signature)


def _check_source(feature: Feature, inputs: set[str], field: str) -> None:
    if feature.source_kind == INPUT_SOURCE:
        if feature.source_name not in inputs:
            raise ContractError(field, f"one of the inputs {sorted(inputs)}", feature.source_name)
    elif feature.source_kind != VIEW_SOURCE or not VIEW_FIELD.fullmatch(feature.source_name):
        raise ContractError(field, "input:<name> or view:<view>@<version>:<field>", feature.source)


def _check_values(feature: Feature, field: str) -> None:
    if feature.datatype not in ARRAY_TYPES:
        raise ContractError(f"{field}.datatype", "elements of a fixed size", feature.datatype.value)
    if feature.width < 1:
        raise ContractError(f"{field}.width", "1 or more columns", feature.width)
    if feature.default is None and feature.datatype not in FLOATS:
        raise ContractError(f"{field}.default", "a value, as only floats can be NaN", None)
    low, high = feature.minimum, feature.maximum
    if low is not None and high is not None and low > high:
        raise ContractError(f"{field}.minimum", f"at most {high}", low)
