"""Bodies of the register's endpoints."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bentos.contract.canonical import MAX_INTEGER
from control_plane.audit.export_files import Form
from control_plane.audit.queries import Question
from control_plane.body import Body, check_sayable

MAX_PAGE = 1000
Text = Annotated[str | None, Field(max_length=400)]


class QuestionIn(BaseModel):
    """Which events; what is left out asks for all. A misspelt filter is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")

    actor: Text = None
    entity: Text = None
    model: Text = None
    action: Text = None
    outcome: Text = None
    since: Text = None
    until: Text = None

    def question(self) -> Question:
        """As the register is asked; raises ContractError."""
        return Question(**{name: getattr(self, name) for name in QuestionIn.model_fields})

    def told(self, what: str) -> dict[str, Any]:
        """As the register remembers that it was asked."""
        return {"what": what, **self.model_dump(exclude_defaults=True)}


class EventsIn(QuestionIn):
    """A page of events."""

    after: int | None = Field(default=None, ge=0, le=MAX_INTEGER)
    before: int | None = Field(default=None, ge=0, le=MAX_INTEGER)
    limit: int = Field(default=100, ge=1, le=MAX_PAGE)
    newest_first: bool = False


class ExportIn(QuestionIn):
    """Which events to export, in which form; all of them unless told otherwise."""

    form: Form = Form.JSONL
    first: int = Field(default=1, ge=1, le=MAX_INTEGER)
    last: int | None = Field(default=None, ge=1, le=MAX_INTEGER)

    @model_validator(mode="before")
    @classmethod
    def _is_sayable(cls, value: Any) -> Any:
        check_sayable(value)
        return value


class SegmentIn(Body):
    """A closed decision segment; ``root`` is hex over its decisions' leaves."""

    gateway: str = Field(min_length=1, max_length=200)
    boot: str = Field(min_length=1, max_length=200)
    first_seq: int
    last_seq: int
    count: int
    root: str


class CosignedIn(Body):
    """A checkpoint with a witness's signature line, and the witness's public key (a vkey)."""

    note: str = Field(min_length=1, max_length=65_536)
    witness: str = Field(min_length=1, max_length=1000)
