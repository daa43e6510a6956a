"""What is answered about nights."""

from typing import Annotated, Any, Literal

from control_plane.answer import Answer, Moment, Shown


class NightModelOut(Answer):
    """What a model came to."""

    model: str
    version: str | None
    """Null: none was made; what served goes on serving."""
    state: str | None
    draft: str | None
    """What became of the night's draft release."""


class ProblemOut(Answer):
    """A step that did not come about."""

    step: str
    check: str | None
    """Which question the orders did not pass; null: the step failed."""
    column: str | None


class LetGoOut(Answer):
    """What went of a place of the lake, as its time was over."""

    place: str
    count: int
    rule: str
    """The setting that says how long it is kept, or why it went."""
    days: float | None
    """What that setting was."""
    names: list[str]
    """Digests of datasets, folders of lines, views' values: the first 100."""


class NightOut(Answer):
    """A nightly run, as it reported itself."""

    id: str
    outcome: Literal["done", "failed", "stopped"]
    """``stopped``: the orders were not fit to learn from."""
    started_at: Moment
    ended_at: Moment
    synced_at: Moment | None
    """When the connected shop was read last."""
    resumed: int
    """How often it was broken off."""
    models: list[NightModelOut]
    problems: list[ProblemOut]
    accepted: list[str]
    """Checks that a person overruled."""
    let_go: list[LetGoOut]
    held: str | None
    """Why no dataset and no order lines went."""
    reported_by: str


Night = Annotated[dict[str, Any], Shown(NightOut)]
