"""Body of a fleet's report."""

from pydantic import Field, field_validator

from control_plane.body import Body

ADDRESS_SCHEMES = ("unix:/", "http://")


class WorkersIn(Body):
    """One version's workers. ``ready``: at least one is warm, and its address is listed.

    ``problem`` says why a worker last ended, or cannot be started.
    """

    addresses: list[str] = Field(default=[], max_length=256)
    ready: bool
    restarts: int = Field(default=0, ge=0)
    pids: list[int] = Field(default=[])
    problem: str | None = Field(default=None, max_length=1000)

    @field_validator("addresses")
    @classmethod
    def _are_addresses(cls, addresses: list[str]) -> list[str]:
        for address in addresses:
            if not address.startswith(ADDRESS_SCHEMES):
                raise ValueError("unix:/path or http://host:port")
        return addresses


class ReportIn(Body):
    """A fleet's full state, every time."""

    fleet: str = Field(min_length=1, max_length=200)
    versions: dict[str, WorkersIn]
