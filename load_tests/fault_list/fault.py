"""What a fault is: how it comes, how it goes, how one sees that it was there."""

from typing import Generic, TypeVar

from load_tests.installation.callers import Answer, Failure, Seen
from load_tests.installation.site import Site

S = TypeVar("S", bound=Site)


class Fault(Generic[S]):
    """One line of the list. ``what`` says in words what happens.

    Every fault must be *felt*: a trial in which nothing broke proves nothing.
    """

    heals_itself = False
    "Whether recovery is waited for from the injection on, not from ``heal``."

    looks_every_s = 0.02
    "Between two looks at whether it recovered."

    def __init__(self, name: str, what: str) -> None:
        self.name = name
        self.what = what

    def inject(self, site: S) -> None:
        """Break it. May block."""
        raise NotImplementedError

    def heal(self, site: S) -> None:
        """Repair whatever does not repair itself. May block."""

    def felt(self, site: S, seen: Seen) -> str:
        """Evidence that the fault was there, in a few words; empty if there is none."""
        raise NotImplementedError

    def recovered(self, site: S, since: list[Answer]) -> bool:
        """Whether all is as before, given the answers since the repair. Asked often."""
        raise NotImplementedError

    def tolerates(self, failure: Failure) -> bool:
        """Whether a caller may see this; never, where a stable version is up."""
        return False

    def may_be_unlogged(self, answer: Answer) -> bool:
        """Whether this answer may carry no decision id."""
        return False
