"""What is answered about callers."""

from typing import Annotated, Any, Literal

from control_plane.answer import Answer, Moment, Shown


class CallerOut(Answer):
    """Who may call the gateway, without the key's secret."""

    id: str
    name: str
    shop: str
    models: list[str]
    """``*``: all, also those to come."""
    scopes: list[Literal["infer", "pin", "browser"]]
    rate: int | None
    """Requests per second; null: no limit."""
    expires_at: Moment | None
    origins: list[str] | None
    """The web pages a publishable key is for; null for every other key."""
    created_at: Moment
    created_by: str
    revoked_at: Moment | None


class NewCallerOut(CallerOut):
    """A caller that was added just now."""

    key: str
    """The secret: here and never again."""


Caller = Annotated[dict[str, Any], Shown(CallerOut)]
NewCaller = Annotated[dict[str, Any], Shown(NewCallerOut)]
