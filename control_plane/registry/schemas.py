"""Bodies of the registry's endpoints that are no manifest."""

from typing import Literal

from pydantic import Field

from control_plane.body import Body


class VisibilityIn(Body):
    """Whether public SDK keys may name a model."""

    visibility: Literal["public", "server"]
    reason: str = Field(min_length=1, max_length=2000)
