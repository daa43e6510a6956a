"""The desk of the releases, for what the linter refuses them."""

from tests.control_plane.releases.conftest import desk, new_desk, prepared

__all__ = ["desk", "new_desk", "prepared"]
