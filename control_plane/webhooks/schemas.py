"""Bodies and queries of the webhooks' endpoints."""

from typing import Annotated

from pydantic import Field

from control_plane.body import Body
from control_plane.webhooks.address import MAX_URL

DAY_S = 86_400
Name = Annotated[str, Field(min_length=1, max_length=100)]
Url = Annotated[
    str,
    Field(min_length=1, max_length=MAX_URL, examples=["https://deploys.example/hooks/signalbox"]),
]
Events = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    Field(min_length=1, max_length=100, examples=[["release.*", "kill.set"]]),
]


class WebhookIn(Body):
    """Who is told of what. ``events`` are types, groups such as ``release.*``, or ``*``."""

    name: Name
    url: Url
    events: Events


class WebhookEdit(Body):
    """What is to be otherwise."""

    name: Name | None = None
    url: Url | None = None
    events: Events | None = None


class DisableIn(Body):
    """Why."""

    reason: str = Field(min_length=1, max_length=1000)


class RotateSecretIn(Body):
    """For how many seconds the old secret signs too; 0: it ends now."""

    overlap_s: int = Field(default=DAY_S, ge=0, le=30 * DAY_S)


class RedeliverIn(Body):
    """Dead letters made at ``since`` or later; all of them without it."""

    since: str | None = Field(default=None, max_length=40)
