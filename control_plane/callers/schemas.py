"""Body of a caller to be."""

from pydantic import Field

from control_plane.body import Body


class CallerIn(Body):
    """``shop`` defaults to the installation's; ``rate`` is requests per second.

    ``origins`` make it a publishable key: it may lie in a theme, calls from these web pages
    alone and has the scope ``browser``.
    """

    name: str = Field(min_length=1, max_length=200)
    shop: str | None = Field(default=None, min_length=1, max_length=200)
    models: list[str] = Field(default=["*"])
    scopes: list[str] = Field(default=["infer"])
    rate: int | None = Field(default=None, ge=1, le=1_000_000)
    expires_at: str | None = None
    origins: list[str] | None = Field(default=None, min_length=1, max_length=32)
