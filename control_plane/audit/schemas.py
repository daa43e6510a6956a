"""Bodies of the register's endpoints."""

from pydantic import Field

from control_plane.body import Body


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
