"""Bodies of the registry's endpoints that are no manifest."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class VisibilityIn(BaseModel):
    """Whether public SDK keys may name a model."""

    model_config = ConfigDict(strict=True, extra="forbid")

    visibility: Literal["public", "server"]
    reason: str = Field(min_length=1, max_length=2000)
