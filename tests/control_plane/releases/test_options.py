"""What is offered is what is taken: asked of the running control plane's own database."""

import pytest

from bentos.contract.register import Actor, ActorType
from control_plane.config import Settings
from control_plane.db import Database
from control_plane.principal import Source, acting, permissions_of
from control_plane.releases.lifecycle import State, Verb
from control_plane.releases.options import options, roles_for
from control_plane.releases.queries import get_release


@pytest.fixture
def offered(plane):
    """The options of a person with these roles."""
    url = plane.database_url
    settings = Settings(home=plane.home, **({"database_url": url} if url else {}))
    database = Database(settings.database)

    def ask(person, release, *roles):
        actor = Actor(type=ActorType.PERSON, id=person, auth_method="session")
        principal = acting(actor, permissions_of(list(roles)), Source())
        with database.read() as session:
            found = options(session, principal, get_release(session, release["id"]))
        return {option.verb: option for option in found}

    yield ask
    database.dispose()


def test_a_canary_offers_the_next_step_and_all_ways_back(shop, offered):
    shop.bootstrap(1)
    release = shop.started(2, shadow=False)
    found = offered("anybody", release, "release_manager")
    assert set(found) == {
        Verb.RAMP,
        Verb.LOWER,
        Verb.PAUSE,
        Verb.PROMOTE,
        Verb.ROLLBACK,
        Verb.ABORT,
    }
    assert (found[Verb.RAMP].to, found[Verb.RAMP].buckets) == (State.CANARY, 2500)
    assert found[Verb.LOWER].buckets is None
    assert not any(option.obstacles for option in found.values())
    assert offered("anybody", release, "viewer") == {}


def test_what_stands_in_the_way_is_said(shop, offered):
    shop.bootstrap(1)
    release = shop.started(2, shadow=False, steps=[{"weight": 0.05, "hold_s": 3600}, 0.25])
    found = offered("anybody", release, "release_manager")
    assert "holds for 3600 s" in found[Verb.RAMP].obstacles[0]
    assert found[Verb.PAUSE].obstacles == ()


def test_who_shaped_a_release_is_not_offered_to_judge_it(shop, offered):
    shop.bootstrap(1)
    version = shop.register(2)
    release = shop.must(shop.draft(version), "submit")
    roles = ("release_manager", "approver")
    assert Verb.APPROVE not in offered(shop.author.person, release, *roles)
    assert Verb.APPROVE in offered("another", release, *roles)


def test_a_gate_is_offered_where_there_is_one(shop, offered):
    shop.bootstrap(1)
    release = shop.started(2, shadow=False, steps=[{"weight": 0.05, "manual_gate": True}])
    assert Verb.OPEN_GATE in offered("another", release, "approver")
    opened = shop.tell(release, "open_gate", shop.approver)
    assert opened.status_code == 200, opened.text
    assert Verb.OPEN_GATE not in offered("another", release, "approver")


def test_roles_for_a_verb_are_those_that_have_its_permission():
    assert {role.value for role in roles_for(Verb.APPROVE)} == {"approver"}
    assert roles_for(Verb.HALT) == ()
