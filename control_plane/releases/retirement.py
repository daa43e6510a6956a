"""Retires versions, once nothing needs them any more."""

from control_plane.db import WriteSession
from control_plane.errors import PolicyError
from control_plane.follow.queries import followed_features
from control_plane.principal import Principal
from control_plane.publish.features import versions_in
from control_plane.registry import history
from control_plane.registry.models import VersionRow
from control_plane.registry.service import get_version, retire_version
from control_plane.releases.queries import active_kill, open_release


def retire_unused(
    session: WriteSession, principal: Principal, version: str, reason: str
) -> VersionRow:
    """Retire a version that no route, release or kill needs."""
    row = get_version(session, version)
    if history.stable_of(session, row.model) == version:
        raise PolicyError(f"{version} is the stable version of {row.model}")
    release = open_release(session, row.model)
    if release is not None and release.candidate == version:
        raise PolicyError(f"{version} is the candidate of open release {release.id}")
    kill = active_kill(session, row.model)
    if kill is not None and kill.version == version:
        raise PolicyError(f"{row.model} is killed to {version}")
    followed = followed_features(session).get(row.model)
    if followed is not None and version in versions_in(followed):
        raise PolicyError(f"the upstream GrowthBook that {row.model} follows names {version}")
    return retire_version(session, principal, version, reason)
