"""Nobody makes themselves a second person: what the register says of them is in the way."""

import pytest

from bentos.contract.register import Action, Actor, ActorType, Outcome
from control_plane import clock
from control_plane.approvals.hands import check_independent, recent_hands
from control_plane.approvals.policy import settle_policy
from control_plane.errors import ForbiddenError
from control_plane.people import identities
from control_plane.people.access import disable_person, enable_person
from control_plane.people.keys import issue_person_key, issue_service_key
from control_plane.people.service import change_roles, create_person
from control_plane.people.sign_in import new_one_time, reset_password
from control_plane.principal import SERVICES, Principal, system
from control_plane.publish.models import InstallationRow
from control_plane.releases import freezes
from control_plane.releases.content import Draft
from control_plane.releases.drafts import create_release
from control_plane.releases.options import may_use
from control_plane.releases.timeline import same_hands
from tests.control_plane.releases import conftest as releases

prepared = releases.prepared
new_desk, desk = releases.new_desk, releases.desk


def make(desk):
    """cy, an admin who also writes releases, makes an approver."""
    desk.write(create_person, desk.person("cy"), "pip", "Pip", ["approver"])


def give_role(desk):
    desk.write(change_roles, desk.person("cy"), "fay", ["approver"])


def give_key(desk):
    desk.write(issue_person_key, desk.person("cy"), "ben")


def give_password(desk):
    desk.write(reset_password, desk.person("cy"), "ben", new_one_time())


def give_identity(desk):
    desk.write(identities.link, desk.person("cy"), "ben", "https://id.example", "sub")


def let_in_again(desk):
    desk.write(disable_person, desk.person("gus"), "ben")
    desk.write(enable_person, desk.person("cy"), "ben")


HANDS = [
    (make, "pip"),
    (give_role, "fay"),
    (give_key, "ben"),
    (give_password, "ben"),
    (give_identity, "ben"),
    (let_in_again, "ben"),
]


def submitted(desk, author="cy"):
    return desk.tell(author, desk.draft(2, author), "submit")


@pytest.mark.parametrize(("hand", "judge"), HANDS)
def test_whom_an_author_made_what_they_are_does_not_approve_for_them(desk, hand, judge):
    hand(desk)
    release = submitted(desk)
    assert not desk.read(may_use, desk.person(judge), release, releases.Verb.APPROVE)
    with pytest.raises(ForbiddenError, match=f"{judge} is not independent of cy: cy did"):
        desk.tell(judge, release, "approve")
    assert desk.tell("dee", release, "approve").state == "approved"


@pytest.mark.parametrize(("hand", "judge"), HANDS)
def test_after_some_days_they_are_colleagues(desk, hand, judge, monkeypatch):
    hand(desk)
    release, real = submitted(desk), clock.later
    for days, allowed in ((6.9, False), (7.1, True)):
        monkeypatch.setattr(clock, "later", lambda s, days=days: real(s + days * 86_400))
        assert desk.read(may_use, desk.person(judge), release, releases.Verb.APPROVE) is allowed


def test_nor_does_the_maker_approve_what_the_made_wrote(desk):
    desk.write(create_person, desk.person("cy"), "pip", "Pip", ["release_manager"])
    release = submitted(desk, "pip")
    with pytest.raises(ForbiddenError, match="cy is not independent of pip"):
        desk.tell("cy", release, "approve")
    assert desk.tell("ben", release, "approve").state == "approved"


def test_who_edits_a_release_after_making_its_approver_voids_that_approver(desk):
    make(desk)
    release = submitted(desk, "ada")
    assert desk.tell("pip", release, "approve").state == "approved"
    edited = desk.edit("cy", desk.release(release.id), steps=[0.5])
    desk.tell("ada", edited, "submit")
    with pytest.raises(ForbiddenError, match="pip is not independent of cy"):
        desk.tell("pip", edited, "approve")


def test_what_takes_something_away_or_comes_from_nobody_is_no_hand(desk):
    desk.write(change_roles, desk.person("cy"), "eve", ["approver"])
    desk.write(issue_person_key, system("oidc"), "ben")
    desk.write(issue_person_key, desk.person("ben"), "ben")
    assert desk.read(recent_hands, 7) == []


def test_who_made_a_service_s_key_does_not_approve_what_was_written_with_it(desk):
    desk.change_roles("cy", ["admin", "approver"])
    secret = desk.write(issue_service_key, desk.person("cy"), "trainer")
    trainer = Actor(type=ActorType.SERVICE, id="trainer", auth_method="api_key", key_id=secret.id)
    service = Principal(actor=trainer, permissions=SERVICES["trainer"])
    draft = Draft(model="fraud", candidate=releases.tag(2))
    release = desk.tell("ada", desk.write(create_release, service, draft), "submit")
    with pytest.raises(ForbiddenError, match=f"cy is not independent of key:{secret.id}: cy did"):
        desk.tell("cy", release, "approve")
    assert desk.tell("ben", release, "approve").state == "approved"


def test_two_whom_one_admin_made_may_and_the_event_says_so(desk):
    desk.write(issue_person_key, desk.person("gus"), "ada")
    desk.write(issue_person_key, desk.person("gus"), "ben")
    release = desk.approved(2)
    [approval] = [
        e for e in desk.events(f"release:{release.id}") if e.action is Action.RELEASE_APPROVE
    ]
    assert approval.diff["same_hand"] == [None, ["gus"]]
    assert desk.read(same_hands, release.id) == {"ben": ["gus"]}


def test_a_freeze_and_an_exemption_take_independent_persons_too(desk):
    make(desk)
    window = freezes.Window(ends_at=clock.later(3600), reason="x")
    freeze = desk.write(freezes.create_freeze, desk.person("cy"), window)
    with pytest.raises(ForbiddenError, match="pip is not independent of cy"):
        desk.write(freezes.end_freeze, desk.person("pip"), freeze.id, "x")
    release = desk.approved(2)
    with pytest.raises(ForbiddenError, match="pip is not independent of cy"):
        desk.write(freezes.exempt, desk.person("pip"), freeze.id, release, "x")
    assert desk.write(freezes.end_freeze, desk.person("ben"), freeze.id, "x").ended_by == "ben"


def test_an_installation_may_ask_for_less_and_that_is_an_event(desk):
    make(desk)
    row = InstallationRow(id=1, epoch=1, shop="s", environment="e", created_at="2026")
    desk.write(lambda session: session.add(row))
    check = [check_independent, "pip", {"cy"}]
    with pytest.raises(ForbiddenError, match="for 7 days"):
        desk.read(*check)
    for days in (0, 0, 7):
        desk.write(settle_policy, system("start"), days)
    with pytest.raises(ForbiddenError):
        desk.read(*check)
    told = [e for e in desk.events("installation") if e.action is Action.INSTALLATION_CONFIGURE]
    assert [e.diff["independence_days"] for e in told] == [[7, 0], [0, 7]]
    assert all(e.outcome is Outcome.ALLOWED for e in told)
    desk.write(settle_policy, system("start"), 0)
    desk.read(*check)
