"""Body of a caller to be."""

from pydantic import BaseModel, ConfigDict, Field


class CallerIn(BaseModel):
    """``shop`` defaults to the installation's; ``rate`` is requests per second."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    shop: str | None = Field(default=None, min_length=1, max_length=200)
    models: list[str] = ["*"]
    scopes: list[str] = ["infer"]
    rate: int | None = Field(default=None, ge=1, le=1_000_000)
    expires_at: str | None = None
