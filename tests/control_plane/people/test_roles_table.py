from pathlib import Path

import pytest

from bentos.contract.errors import ContractError
from control_plane.people.roles_table import MEANINGS, redraw
from control_plane.principal import ROLES, Permission, Role

PAGE = Path(__file__).parents[3] / "docs" / "people.md"


def test_the_page_says_what_the_roles_may():
    page = PAGE.read_text(encoding="utf-8")
    advice = "run: python -m control_plane.people.roles_table docs/people.md"
    assert redraw(page) == page, advice


def test_every_permission_has_a_meaning():
    assert set(MEANINGS) == set(Permission), "say in roles_table.py what it allows"


def test_a_page_without_markers_is_refused():
    with pytest.raises(ContractError, match="page"):
        redraw("nothing")


def test_duties_are_apart():
    def holders(permission):
        return {role for role in Role if permission in ROLES[role]}

    assert holders(Permission.RELEASES_APPROVE) == {Role.APPROVER}
    assert holders(Permission.RELEASES_FORWARD) == {Role.RELEASE_MANAGER}
    assert holders(Permission.PEOPLE) == {Role.ADMIN}
    assert holders(Permission.DECISIONS_PERSONAL) == {Role.COMPLIANCE}
    # Whoever approves neither writes nor moves forward, and nobody reads the register who may
    # move a release forward.
    for role in holders(Permission.RELEASES_APPROVE):
        assert not ROLES[role] & {Permission.RELEASES_WRITE, Permission.RELEASES_FORWARD}
    assert not holders(Permission.RELEASES_FORWARD) & holders(Permission.REGISTER_READ)
