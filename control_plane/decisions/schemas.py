"""Queries and bodies of the decisions' endpoints."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from control_plane.body import Body
from control_plane.decisions.criteria import Criteria, make_criteria

MAX_PAGE = 500


class Filters(BaseModel):
    """Which decisions are meant; all that are given must hold."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = Field(default=None, max_length=40)
    version: str | None = Field(default=None, max_length=100)
    release: str | None = Field(default=None, max_length=100)
    step: int | None = Field(default=None, ge=0, le=1_000_000)
    reason: str | None = Field(default=None, max_length=40)
    since: str | None = Field(default=None, max_length=40)
    until: str | None = Field(default=None, max_length=40)

    def criteria(self, *subjects: str) -> Criteria:
        """Checked; raises ContractError."""
        asked: dict[str, Any] = {name: getattr(self, name) for name in Filters.model_fields}
        return make_criteria(subjects=subjects, **asked)


class Paged(Filters):
    """``before`` is the ``next`` of the page before."""

    before: str | None = Field(default=None, max_length=40)
    limit: int = Field(default=50, ge=1, le=MAX_PAGE)


class ListQuery(Paged):
    """``subject`` is a pseudonym."""

    subject: str | None = Field(default=None, max_length=40)


class SearchIn(Paged, Body):
    """Whom decisions are asked about: in a body, as a raw key belongs into no URL and no log."""

    targeting_key: str
    shop: str | None = Field(default=None, min_length=1, max_length=200)


class EntityIn(Body):
    """Somebody by their own id, e.g. ``customer`` and a customer's number."""

    kind: str = Field(min_length=1, max_length=40)
    id: str = Field(min_length=1, max_length=200)


class ErasureIn(Body):
    """Whose decisions are to be erased. What is raw here is kept nowhere."""

    subjects: list[str] = Field(default_factory=list, max_length=100)
    targeting_keys: list[str] = Field(default_factory=list, max_length=100)
    entities: list[EntityIn] = Field(default_factory=list, max_length=100)
    shop: str | None = Field(default=None, min_length=1, max_length=200)
    reason: str = Field(min_length=1, max_length=1000)
    ticket: str | None = Field(default=None, max_length=100)


class RerunIn(Body):
    """What is to be otherwise; nothing: the same again. ``targeting_key`` is kept nowhere."""

    version: str | None = Field(default=None, max_length=100)
    targeting_key: str | None = None
    attributes: dict[str, Any] | None = None
    inputs: dict[str, list[Any]] = Field(default_factory=dict, max_length=1000)
    use_defaults: bool = False
