"""Bodies of releases and kills."""

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from control_plane.body import Body
from control_plane.releases.steps import MAX_HOLD_S, MAX_SAMPLE

MAX_TEXT = 2000
Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT, pattern=r"\S")]
"""Why: words, not blanks."""
_STEP = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        {
            "type": "object",
            "required": ["weight"],
            "additionalProperties": False,
            "properties": {
                "weight": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
                "hold_s": {"type": "integer", "minimum": 0, "maximum": MAX_HOLD_S},
                "minimum_sample": {"type": "integer", "minimum": 0, "maximum": MAX_SAMPLE},
                "manual_gate": {"type": "boolean"},
            },
        },
    ]
}
# Read by steps.read_steps, whose errors name a step's member as the caller wrote it.
Step = Annotated[Any, WithJsonSchema(_STEP)]


class ReleaseIn(Body):
    """A release to be; ``steps`` in rising order: weights, or objects that ask for more."""

    model: str
    candidate: str
    kind: Literal["standard", "bootstrap"] = "standard"
    shadow: bool = True
    steps: list[Step] = Field(default=[0.05, 0.25])
    condition: dict[str, Any] | None = None
    reason: Text
    ticket: str | None = Field(default=None, max_length=200)


class ReleaseEdit(Body):
    """What may be changed before the start; members that are left out stay."""

    candidate: str | None = None
    shadow: bool | None = None
    steps: list[Step] | None = None
    condition: dict[str, Any] | None = None
    reason: Text | None = None
    ticket: str | None = Field(default=None, max_length=200)
    expected_revision: int | None = None


class OrderIn(Body):
    """What comes with a verb."""

    reason: Text
    ticket: str | None = Field(default=None, max_length=200)
    weight: float | None = None
    starts_at: str | None = None
    expected_revision: int | None = None


class PreviewIn(Body):
    """A verb to look ahead at, with what would come with it."""

    verb: str
    reason: str = Field(default="preview", max_length=MAX_TEXT)
    weight: float | None = None
    starts_at: str | None = None


class KillIn(Body):
    """A kill; without ``expires_in_s`` it stands until it is cleared."""

    model: str
    version: str
    reason: Text
    expires_in_s: float | None = Field(default=None, gt=0, le=30 * 86400, allow_inf_nan=False)


class LocalKillIn(Body):
    """A kill that was set on a gateway's machine; the members of its kill file."""

    id: str = Field(pattern=r"^[0-9a-f-]{36}$")
    model: str
    version: str
    reason: Text
    actor: str = Field(min_length=1, max_length=200)
    at: str = Field(min_length=20, max_length=40)
    cleared_at: str | None = Field(default=None, min_length=20, max_length=40)
    cleared_by: str | None = Field(default=None, min_length=1, max_length=200)
    cleared_reason: Text | None = None


class ReasonIn(Body):
    """Why."""

    reason: Text


class FreezeIn(Body):
    """A window in which nothing goes forward; without ``models`` it covers all of them."""

    starts_at: str | None = Field(default=None, max_length=40)
    ends_at: str = Field(max_length=40)
    models: list[str] | None = None
    reason: Text
    ticket: str | None = Field(default=None, max_length=200)


class ExemptionIn(Body):
    """A release whose content, as read in this revision, may go forward in a window."""

    release: str
    expected_revision: int
    reason: Text


class AnswerIn(Body):
    """The answer to a kill's review."""

    outcome: Literal["justified", "follow_up", "unjustified"]
    notes: Text


class GroupIn(Body):
    """Releases that are to move together; on an edit, all that the group has from now on."""

    members: list[str]
    reason: Text
    ticket: str | None = Field(default=None, max_length=200)
    expected_revision: int | None = None


class DissolutionIn(Body):
    """Why a group ends, and which revision of it was read."""

    reason: Text
    expected_revision: int | None = None
