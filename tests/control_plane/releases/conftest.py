"""The real services over a database of their own, in this process: no HTTP, no publisher."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from bentos.contract.manifest import Manifest
from bentos.contract.register import Actor, ActorType
from control_plane.audit.service import list_events
from control_plane.db import Database
from control_plane.people.service import change_roles, create_person, get_person
from control_plane.principal import Principal, Role, permissions_of, system
from control_plane.registry.service import register_version
from control_plane.releases import drafts, service
from control_plane.releases.content import Draft
from control_plane.releases.lifecycle import OPEN, RULES, State, Verb
from control_plane.releases.models import ReleaseRow
from control_plane.releases.order import Order
from control_plane.releases.queries import get_release, list_releases
from control_plane.storage.address import Address
from tests.databases import Databases

MODELS = ("fraud", "pricing")
VERSIONS = range(1, 5)
ROLES = [role.value for role in Role if role is not Role.SERVICE]
PEOPLE = {
    "ada": ["release_manager"],
    "ben": ["approver"],
    "cy": ROLES,
    "dee": ROLES,
    "eve": ["approver", "release_manager"],
    "fay": ["compliance"],
    "gus": ["admin"],
}


def tag(number: int, model: str = "fraud") -> str:
    return f"{model}:20261122-{number:08x}"


class Desk:
    """Everything persons do to releases. ``cy`` and ``dee`` have all roles."""

    def __init__(self, address: Address) -> None:
        self.database = Database(address)

    def close(self) -> None:
        self.database.dispose()

    def person(self, name: str) -> Principal:
        """With the roles they have at the moment; one who was disabled is let in nowhere."""
        with self.database.read() as session:
            row = get_person(session, name)
        roles = [] if row.disabled_at else row.roles
        actor = Actor(type=ActorType.PERSON, id=name, auth_method="api_key", key_id="0" * 12)
        return Principal(actor=actor, permissions=permissions_of(roles))

    def write(self, change: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        """One committed transaction of a service's function."""
        with self.database.write() as session:
            return change(session, *arguments, **more)

    def read(self, question: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        with self.database.read() as session:
            return question(session, *arguments, **more)

    def release(self, release_id: str) -> ReleaseRow:
        return self.read(get_release, release_id)

    def draft(self, number: int, author: str = "ada", **more: Any) -> ReleaseRow:
        model = more.pop("model", "fraud")
        draft = Draft(model=model, candidate=tag(number, model), **{"reason": "test", **more})
        return self.write(drafts.create_release, self.person(author), draft)

    def edit(self, name: str, release: ReleaseRow, **changes: Any) -> ReleaseRow:
        """As read in ``release``."""
        who = self.person(name)
        return self.write(drafts.edit_release, who, release.id, changes, release.revision)

    def tell(
        self, name: str, release: ReleaseRow, verb: str, seen: Any = None, **order: Any
    ) -> ReleaseRow:
        meant = Verb(verb)
        if RULES[meant].names_revision:
            order.setdefault("expected_revision", self.release(release.id).revision)
        given = Order(**{"reason": "test", **order})
        return self.write(service.act, self.person(name), release.id, meant, given, seen)

    def approved(self, number: int, **more: Any) -> ReleaseRow:
        release = self.draft(number, **more)
        self.tell("ada", release, "submit")
        return self.tell("ben", release, "approve")

    def started(self, number: int, **more: Any) -> ReleaseRow:
        """In canary at the first step, or promoted for a bootstrap."""
        release = self.approved(number, **{"shadow": False, **more})
        return self.tell("ada", release, "start")

    def bootstrap(self, number: int = 1, model: str = "fraud") -> ReleaseRow:
        return self.started(number, kind="bootstrap", model=model)

    def open_releases(self) -> list[ReleaseRow]:
        return [row for row in self.read(list_releases) if State(row.state) in OPEN]

    def change_roles(self, name: str, roles: list[str]) -> None:
        self.write(change_roles, self.person("gus"), name, roles)

    def events(self, entity: str) -> list[Any]:
        return self.read(list_events, entity=entity, limit=1000)


@pytest.fixture(scope="session")
def prepared(databases: Databases, manifest: Callable[..., Any]) -> Address:
    """People and versions, no release yet."""
    address = databases.migrated()
    database = Database(address)
    with database.write() as session:
        for name, roles in PEOPLE.items():
            create_person(session, system("test"), name, name, roles)
        for model in MODELS:
            for number in VERSIONS:
                body = msgspec.convert(manifest(model, number), Manifest)
                register_version(session, system("test"), body)
    database.dispose()
    return address


@pytest.fixture
def new_desk(prepared: Address, databases: Databases) -> Iterator[Desk]:
    """Nothing was released yet."""
    desk = Desk(databases.copy(prepared))
    yield desk
    desk.close()


@pytest.fixture
def desk(new_desk: Desk) -> Desk:
    """Version 1 of fraud is stable."""
    new_desk.bootstrap()
    return new_desk
