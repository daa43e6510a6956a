"""The shape of a GrowthBook rule on the wire, as both SDKs expect it.

What has not this shape is an error before anything else is asked: the Python SDK raises for
some of it and passes over the rest. Members we do not know are let through, as the SDKs do.
"""

from typing import Annotated, Any

import msgspec

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Range = tuple[Share, Share]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Few = Annotated[list[Any], msgspec.Meta(min_length=1, max_length=100)]
MAX_RULES = 100


class ParentCondition(msgspec.Struct, frozen=True):
    """A prerequisite: feature ``id``'s value must match ``condition``."""

    id: Name
    condition: dict[str, Any]
    gate: bool | None = None


class Filter(msgspec.Struct, frozen=True):
    """A namespace with ranges and a seed of its own."""

    seed: Name
    ranges: Annotated[list[Range], msgspec.Meta(min_length=1, max_length=100)]
    attribute: Name | None = None
    hashVersion: Annotated[int, msgspec.Meta(ge=1, le=2)] = 2  # noqa: N815 - GrowthBook's names


class Rule(msgspec.Struct, frozen=True):
    """One rule; names are GrowthBook's."""

    id: str | None = None
    key: str | None = None
    condition: dict[str, Any] | None = None
    parentConditions: list[ParentCondition] | None = None  # noqa: N815
    force: Any = msgspec.UNSET
    variations: Few | None = None
    weights: list[Share] | None = None
    ranges: list[Range] | None = None
    range: Range | None = None
    coverage: Share | None = None
    hashAttribute: Name | None = None  # noqa: N815
    fallbackAttribute: Name | None = None  # noqa: N815
    hashVersion: Annotated[int, msgspec.Meta(ge=1, le=2)] | None = None  # noqa: N815
    seed: str | None = None
    name: str | None = None
    phase: str | None = None
    meta: list[dict[str, Any]] | None = None
    filters: list[Filter] | None = None
    namespace: tuple[str, Share, Share] | None = None
    bucketVersion: int | None = None  # noqa: N815
    minBucketVersion: int | None = None  # noqa: N815
    disableStickyBucketing: bool | None = None  # noqa: N815

    @property
    def forces(self) -> bool:
        """Whether it gives one value; the SDKs take null for nothing."""
        return self.force is not msgspec.UNSET and self.force is not None

    @property
    def attribute(self) -> str:
        """By what callers are bucketed."""
        return self.hashAttribute or "id"

    def salt(self, feature: str) -> str:
        """What bucketing is seeded with."""
        return self.seed or (feature if self.forces else self.key or feature)


def read_rule(rule: Any) -> Rule:
    """Raises msgspec.ValidationError, which names the member."""
    return msgspec.convert(rule, Rule)
