"""What stands where something was asked for that is not there, or not for this person."""

from nicegui import html

from control_plane.console.elements.empty import empty
from control_plane.console.frame import ROOT
from control_plane.principal import ROLES, Permission


def missing(what: str) -> None:
    """There is no such thing."""
    with html.section().classes("panel"):
        html.h1(f"No such {what}").classes("away")
        with empty(f"There is no such {what}", "The address may be cut short, or from elsewhere."):
            html.a("To the releases", href=f"{ROOT}/")


def not_yours(permission: Permission) -> None:
    """It exists, and somebody else may see it."""
    roles = [role.value.replace("_", " ") for role, given in ROLES.items() if permission in given]
    with html.section().classes("panel"):
        html.h1("Not yours to see").classes("away")
        empty(
            "Not yours to see",
            f"This page takes {permission.value}; who has it: {' or '.join(roles)}.",
        )
