"""An error as a person can use it: which field, what was expected, what to do."""

from dataclasses import dataclass

from nicegui import html
from pydantic import ValidationError

from bentos.contract.errors import ContractError
from control_plane.errors import ConflictError, ControlPlaneError, PolicyError

CHANGED = "Somebody else changed this meanwhile"
LOOK = "What you typed is still here. Look at the present state below, then confirm once more."


@dataclass(frozen=True)
class Problem:
    """``is_stale``: it was decided on what is no longer so."""

    title: str
    detail: str
    is_stale: bool = False

    def draw(self) -> None:
        """As a box that screen readers announce."""
        with html.div().classes("problem"):
            html.strong(self.title)
            html.p(self.detail)
            if self.is_stale:
                html.p(LOOK)


def problem_of(error: ControlPlaneError | ContractError | ValidationError) -> Problem:
    """The words for an expected error."""
    if isinstance(error, ContractError):
        return Problem("Please check", str(error))
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        return Problem("Please check", f"{field}: {first['msg']}")
    stale = isinstance(error, ConflictError) and not isinstance(error, PolicyError)
    return Problem(CHANGED if stale else error.title, error.detail, stale)
