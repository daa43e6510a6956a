"""Bodies of the register's endpoints."""

from pydantic import BaseModel, ConfigDict, Field


class SegmentIn(BaseModel):
    """A closed decision segment; ``root`` is hex over its decisions' leaves."""

    model_config = ConfigDict(strict=True, extra="forbid")

    gateway: str = Field(min_length=1, max_length=200)
    boot: str = Field(min_length=1, max_length=200)
    first_seq: int
    last_seq: int
    count: int
    root: str
