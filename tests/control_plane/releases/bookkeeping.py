"""What the machine of the interlocking keeps by itself, from what it asked and was given.

Never from the tables it judges. What it reads of those is here as well.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from hypothesis.stateful import (
    RuleBasedStateMachine,
)

from bentos.contract.errors import ContractError
from control_plane.audit.verifier import verify
from control_plane.errors import ControlPlaneError
from control_plane.inquiry.history import Period
from control_plane.inquiry.stale_approvals import stale_approvals
from control_plane.principal import Permission
from control_plane.releases.binding import members_of
from control_plane.releases.content import release_content
from control_plane.releases.lifecycle import State, Verb
from control_plane.releases.queries import list_releases
from control_plane.releases.routes import desired_routes
from control_plane.storage.address import Address
from tests.control_plane.releases.conftest import Desk
from tests.databases import Databases

MODEL = "fraud"
EDITORS = ("ada", "cy", "dee", "eve")
MEMBERS = ("candidate", "shadow", "plan", "condition", "stable", "kind")


@dataclass
class Known:
    """What the machine knows of one release, apart from the database."""

    contributors: set[str] = field(default_factory=set)
    approvals: dict[str, Any] = field(default_factory=dict)
    """Person → the content they read, of the whole group if it is in one."""
    gate: tuple[int, str] | None = None
    """Step, and who opened its gate."""


def read_content(row) -> Any:
    content = release_content(row)
    return {name: content[name] for name in MEMBERS}


class Bookkeeping(RuleBasedStateMachine):
    """Five persons whose roles change, and what became of what they did."""

    prepared: Address
    databases: Databases

    def __init__(self):
        super().__init__()
        self.desk = Desk(self.databases.copy(self.prepared))
        self.known: dict[str, Known] = defaultdict(Known)
        self.roles = {name: self.desk.person(name).permissions for name in (*EDITORS, "ben")}
        self.promoted: set[str] = set()
        self.frozen = self.eve_is_disabled = False
        self.remembered: dict[str, tuple[str, int, Any]] = {}
        self.exempt: dict[str, dict[str, Any]] = defaultdict(dict)
        """Release → who let it through the present freeze → the content they read."""
        self.hands: list[tuple[str, str]] = []
        """Who gave whom a key, in order."""
        self.killers: list[str] = []

    def teardown(self):
        assert self.desk.read(verify).ok
        assert self.desk.read(lambda session: list(stale_approvals(session, Period()))) == []
        self.desk.close()
        self.databases.discard(self.desk.database.address)

    def do(self, change, *arguments):
        """Run a change; None when it is refused, and then nothing may have happened."""
        try:
            return self.desk.write(change, *arguments)
        except (ControlPlaneError, ContractError):
            return None

    def newest(self, model=MODEL):
        return next(row for row in self.desk.read(list_releases) if row.model == model)

    def mates(self, release):
        """The members of its group, itself among them."""
        if release.group_id is None:
            return [release]
        return self.desk.read(members_of, release.group_id)

    def bound(self, release):
        """What an approval of it is of."""
        return {mate.id: read_content(mate) for mate in self.mates(release)}

    def reaches(self, giver):
        """Whom they could act as, by the keys they gave, and those gave then."""
        found = {giver}
        for each, taker in self.hands:
            found |= {taker} if each in found else set()
        return found

    def independent(self, judge, others):
        return not any(o in self.reaches(judge) or judge in self.reaches(o) for o in others)

    def route(self):
        found = [route for route in self.desk.read(desired_routes) if route.model == MODEL]
        return found[0] if found else None

    def may(self, name, permission):
        return permission in self.roles[name]

    def living(self, release):
        """Persons whose approval of this very content counts, by the machine's own books."""
        known = self.known[release.id]
        return {
            person
            for person, content in known.approvals.items()
            if content == self.bound(release)
            and person not in known.contributors
            and self.may(person, Permission.RELEASES_APPROVE)
        }

    def is_frozen(self, release):
        """Unless somebody who still may let this very content through. Freezes here are of one
        model: whoever moves with it waits for it, and goes when it is let through."""
        contributors = self.known[release.id].contributors
        return (
            release.model == MODEL
            and self.frozen
            and not any(
                content == self.bound(release)
                and person not in contributors
                and self.may(person, Permission.RELEASES_APPROVE)
                for person, content in self.exempt[release.id].items()
            )
        )

    def shaped(self, editor, release):
        """What they did to one member they did to all that are not given up."""
        for mate in self.mates(release):
            if mate.id == release.id or State(mate.state) is not State.ABORTED:
                self.known[mate.id].contributors.add(editor)
                self.known[mate.id].approvals.clear()
                self.exempt[mate.id].clear()

    def note(self, who, verb, target, row):
        known = self.known[row.id]
        if verb is Verb.SUBMIT:
            known.contributors.add(who)
        if verb is Verb.REFUSE:
            known.approvals.clear()
        if verb is Verb.OPEN_GATE:
            assert who not in known.contributors
            assert self.independent(who, known.contributors)
            known.gate = (row.step, who)
        if verb is Verb.APPROVE:
            assert who not in known.contributors
            assert self.independent(who, known.contributors)
            assert self.may(who, Permission.RELEASES_APPROVE)
            known.approvals[who] = self.bound(target)
        if row.state == State.PROMOTED:
            self.promoted.add(row.candidate)
