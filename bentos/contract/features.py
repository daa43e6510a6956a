"""A version's feature schema: how named values become the tensors its graph is fed (contract §2).

Packing by this schema is internal to the lane; stable and canary may differ in width.
"""

import msgspec

from bentos.contract import canonical
from bentos.contract.datatype import Datatype
from bentos.contract.errors import ContractError
from bentos.contract.signature import ModelSignature

INPUT_SOURCE = "input"
VIEW_SOURCE = "view"
DEFAULT_TENSOR = "features"


class Feature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
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


class TensorBlock(msgspec.Struct, frozen=True):
    """Consecutive features that share one tensor of shape [rows, width]."""

    name: str
    datatype: Datatype
    features: tuple[Feature, ...]

    @property
    def width(self) -> int:
        """Columns of the tensor."""
        return sum(feature.width for feature in self.features)


class FeatureSchema(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ordered features of one version; the order is the column order."""

    model: str
    features: tuple[Feature, ...]
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


def check_schema(schema: FeatureSchema, signature: ModelSignature) -> None:
    """Raise ContractError unless every feature can be packed from the signature's inputs."""
    if schema.model != signature.model:
        raise ContractError("schema.model", signature.model, schema.model)
    inputs = {spec.name: spec for spec in signature.inputs}
    for feature in schema.features:
        field = f"schema.features.{feature.name}"
        if feature.source_kind not in (INPUT_SOURCE, VIEW_SOURCE):
            raise ContractError(
                f"{field}.source", "input:<name> or view:<view>@<version>:<field>", feature.source
            )
        if feature.source_kind == INPUT_SOURCE and feature.source_name not in inputs:
            raise ContractError(
                f"{field}.source", f"one of the inputs {sorted(inputs)}", feature.source_name
            )
        is_float = feature.datatype in (Datatype.FP32, Datatype.FP64)
        if feature.default is None and not is_float:
            raise ContractError(f"{field}.default", "a value, as only floats can be NaN", None)
    for block in schema.tensors():
        kinds = {feature.datatype for feature in block.features}
        if len(kinds) > 1:
            raise ContractError(f"schema tensor {block.name}", "one datatype", sorted(kinds))
