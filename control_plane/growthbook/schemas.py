"""Body of an SDK key to be."""

from typing import Annotated, Literal

from pydantic import Field

from control_plane.body import Body


class SdkKeyIn(Body):
    """A public key names each model; a server key may say ["*"]."""

    name: str = Field(min_length=1, max_length=200)
    kind: Literal["public", "server"]
    models: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(max_length=1000)
