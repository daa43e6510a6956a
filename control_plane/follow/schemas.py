"""Bodies about the upstream."""

from typing import Annotated

from pydantic import Field

from control_plane.body import Body
from control_plane.releases.schemas import Text


class FollowIn(Body):
    """What is to be followed. Keys are references: their text is a file or a variable."""

    url: str = Field(min_length=1, max_length=500)
    client_key: str = Field(min_length=1, max_length=120)
    decryption_key: str | None = Field(default=None, min_length=1, max_length=120)
    models: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        min_length=1, max_length=100
    )
    reason: Text
    ticket: str | None = Field(default=None, max_length=200)
