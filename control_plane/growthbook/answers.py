"""What is answered about SDK keys."""

from typing import Annotated, Any, Literal

from control_plane.answer import Answer, Moment, Shown


class SdkKeyOut(Answer):
    """A GrowthBook client key, without its text."""

    id: str
    name: str
    kind: Literal["public", "server"]
    models: list[str]
    """``*``, for a server's key: all, also those to come."""
    created_at: Moment
    created_by: str
    revoked_at: Moment | None


class NewSdkKeyOut(SdkKeyOut):
    """An SDK key that was made just now."""

    key: str
    """Its text: here and never again."""


SdkKey = Annotated[dict[str, Any], Shown(SdkKeyOut)]
NewSdkKey = Annotated[dict[str, Any], Shown(NewSdkKeyOut)]
