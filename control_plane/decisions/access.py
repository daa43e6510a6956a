"""Who may read what is about a person."""

from control_plane.errors import ForbiddenError
from control_plane.principal import Permission, Principal


def require_personal(principal: Principal) -> None:
    """Raise ForbiddenError without the permission."""
    if Permission.DECISIONS_PERSONAL not in principal.permissions:
        needed = Permission.DECISIONS_PERSONAL.value
        raise ForbiddenError(f"what is about a person takes the permission {needed}")
