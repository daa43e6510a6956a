"""Body of an SDK key to be."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SdkKeyIn(BaseModel):
    """A public key names each model; a server key may say ["*"]."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    kind: Literal["public", "server"]
    models: list[str]
