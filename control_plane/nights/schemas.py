"""What a night reports of itself: no rows, no values, nobody's number."""

from typing import Annotated, Literal

from pydantic import Field

from control_plane.body import Body

Name = Annotated[str, Field(min_length=1, max_length=100)]
Time = Annotated[str, Field(min_length=1, max_length=40)]


class ModelIn(Body):
    """What a model came to: ``version`` and its ``state`` where there is one, what became of the
    ``draft``."""

    model: Name
    version: Name | None = None
    state: Name | None = None
    draft: Name | None = None


class ProblemIn(Body):
    """A step that did not come about. ``check`` and ``column`` where the data was not fit: which
    rows, the run manifest on the training machine shows. ``not read``: a stream of the shop, by
    its name in ``column``, which the night did without."""

    step: Name
    check: Name | None = None
    column: Name | None = None


class LetGoIn(Body):
    """What went of a ``place`` of the lake as its time was over: ``count`` things by ``rule``, a
    setting of so many ``days`` (or words). ``names``: digests and folders, the first of them."""

    place: Name
    count: int = Field(ge=1, le=10_000_000_000)
    rule: Name
    days: float | None = Field(default=None, ge=0, le=100_000, allow_inf_nan=False)
    names: list[Name] = Field(default_factory=list, max_length=100)


class NightIn(Body):
    """One nightly run. ``outcome``: ``stopped`` means that the orders were not fit to learn from.

    ``held``: why no dataset and no order lines went. ``synced_at``: when the connected shop was
    read last, ``resumed``: how often it was broken off.
    """

    id: str = Field(pattern=r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}$")
    outcome: Literal["done", "failed", "stopped"]
    started_at: Time
    ended_at: Time
    synced_at: Time | None = None
    resumed: int = Field(default=0, ge=0, le=10_000)
    models: list[ModelIn] = Field(max_length=50)
    problems: list[ProblemIn] = Field(default_factory=list, max_length=100)
    accepted: list[Name] = Field(default_factory=list, max_length=20)
    let_go: list[LetGoIn] = Field(default_factory=list, max_length=20)
    held: Name | None = None
