"""Bodies of the people endpoints."""

from pydantic import BaseModel, ConfigDict, Field


class PersonIn(BaseModel):
    """A person to be."""

    model_config = ConfigDict(strict=True, extra="forbid")

    id: str
    name: str = Field(min_length=1, max_length=200)
    roles: list[str]


class RolesIn(BaseModel):
    """A person's roles from now on."""

    model_config = ConfigDict(strict=True, extra="forbid")

    roles: list[str]


class KeyIn(BaseModel):
    """A key to be; ``expires_at`` is an RFC 3339 time."""

    model_config = ConfigDict(strict=True, extra="forbid")

    expires_at: str | None = None
