"""What is answered about versions and models."""

from typing import Annotated, Any, Literal

from bentos.contract.manifest import VersionState
from control_plane.answer import Answer, Digest, Moment, Shown


class VersionOut(Answer):
    """An immutable version of a model."""

    version: str
    model: str
    state: VersionState
    rejection: str | None
    """Which gate it failed."""
    manifest_digest: Digest
    bento_digest: Digest
    signature_digest: Digest
    features_digest: Digest
    registered_at: Moment
    registered_by: str
    retired_at: Moment | None
    retired_reason: str | None


class WholeVersionOut(VersionOut):
    """A version with its manifest."""

    manifest: dict[str, Any]
    """As it was registered: docs/contract.md."""


class VisibilityOut(Answer):
    """Whether public SDK keys may name a model."""

    model: str
    visibility: Literal["public", "server"]


Version = Annotated[dict[str, Any], Shown(VersionOut)]
WholeVersion = Annotated[dict[str, Any], Shown(WholeVersionOut)]
Visibility = Annotated[dict[str, str], Shown(VisibilityOut)]
