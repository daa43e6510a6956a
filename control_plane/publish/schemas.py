"""Body of a fleet's report."""

from pydantic import BaseModel, ConfigDict, Field, field_validator

ADDRESS_SCHEMES = ("unix:/", "http://")


class WorkersIn(BaseModel):
    """One version's workers. ``ready``: at least one is warm, and its address is listed.

    ``problem`` says why a worker last ended, or cannot be started.
    """

    model_config = ConfigDict(strict=True, extra="forbid")

    addresses: list[str] = Field(default=[], max_length=256)
    ready: bool
    restarts: int = Field(default=0, ge=0)
    pids: list[int] = []
    problem: str | None = Field(default=None, max_length=1000)

    @field_validator("addresses")
    @classmethod
    def _are_addresses(cls, addresses: list[str]) -> list[str]:
        for address in addresses:
            if not address.startswith(ADDRESS_SCHEMES):
                raise ValueError("unix:/path or http://host:port")
        return addresses


class ReportIn(BaseModel):
    """A fleet's full state, every time."""

    model_config = ConfigDict(strict=True, extra="forbid")

    fleet: str = Field(min_length=1, max_length=200)
    versions: dict[str, WorkersIn]
