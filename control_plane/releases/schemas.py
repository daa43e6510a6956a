"""Bodies of releases and kills."""

from typing import Any, Literal

from pydantic import Field

from control_plane.body import Body

MAX_TEXT = 2000


class ReleaseIn(Body):
    """A release to be; ``steps`` are the canary's weights in rising order."""

    model: str
    candidate: str
    kind: Literal["standard", "bootstrap"] = "standard"
    shadow: bool = True
    steps: list[float] = Field(default=[0.05, 0.25])
    condition: dict[str, Any] | None = None
    reason: str = Field(min_length=1, max_length=MAX_TEXT)
    ticket: str | None = Field(default=None, max_length=200)


class ReleaseEdit(Body):
    """What may be changed before the start; members that are left out stay."""

    candidate: str | None = None
    shadow: bool | None = None
    steps: list[float] | None = None
    condition: dict[str, Any] | None = None
    reason: str | None = Field(default=None, min_length=1, max_length=MAX_TEXT)
    ticket: str | None = Field(default=None, max_length=200)
    expected_revision: int | None = None


class OrderIn(Body):
    """What comes with a verb."""

    reason: str = Field(min_length=1, max_length=MAX_TEXT)
    ticket: str | None = Field(default=None, max_length=200)
    weight: float | None = None
    starts_at: str | None = None
    expected_revision: int | None = None


class KillIn(Body):
    """A kill; without ``expires_in_s`` it stands until it is cleared."""

    model: str
    version: str
    reason: str = Field(min_length=1, max_length=MAX_TEXT)
    expires_in_s: float | None = Field(default=None, gt=0, le=30 * 86400, allow_inf_nan=False)


class LocalKillIn(Body):
    """A kill that was set on a gateway's machine; the members of its kill file."""

    id: str = Field(pattern=r"^[0-9a-f-]{36}$")
    model: str
    version: str
    reason: str = Field(min_length=1, max_length=MAX_TEXT)
    actor: str = Field(min_length=1, max_length=200)
    at: str = Field(min_length=20, max_length=40)
    cleared_at: str | None = Field(default=None, min_length=20, max_length=40)
    cleared_by: str | None = Field(default=None, min_length=1, max_length=200)
    cleared_reason: str | None = Field(default=None, min_length=1, max_length=MAX_TEXT)


class ReasonIn(Body):
    """Why."""

    reason: str = Field(min_length=1, max_length=MAX_TEXT)
