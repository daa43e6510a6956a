import pytest

from bentos.contract.documents import KillBody, RoutesBody
from bentos.contract.errors import ContractError
from control_plane.errors import ForbiddenError, NotFoundError, PolicyError
from control_plane.follow import service
from control_plane.follow.models import FollowRow
from control_plane.follow.payload import Payload
from control_plane.follow.schemas import FollowIn
from control_plane.publish.archive import Served
from control_plane.publish.desired import compile_desired
from control_plane.registry.service import retire_version
from control_plane.releases.retirement import retire_unused
from control_plane.releases.routes import wanted_versions
from tests.control_plane.follow.conftest import route
from tests.control_plane.releases.conftest import tag

WANTED = {
    "url": "https://growthbook.example/",
    "client_key": "file:upstream.key",
    "models": ["fraud"],
    "reason": "one place for all flags",
}
DAYS = [f"2026-08-2{number}T00:00:00.000000Z" for number in range(10)]


def propose(desk, name="ada", **more):
    return desk.write(service.propose, desk.person(name), FollowIn(**(WANTED | more)))


def following(desk, **more):
    row = propose(desk, **more)
    return desk.write(service.approve, desk.person("ben"), row.id, "agreed")


def take(desk, row, features, day=0, **groups):
    return desk.write(service.take, row.id, Payload(features, groups, DAYS[day]))


def now(desk, row):
    return desk.read(lambda session: session.get(FollowRow, row.id))


def routes(desk):
    """What would be published, from nothing."""
    served = Served(headers={}, routes=RoutesBody(), kill=KillBody())
    return desk.read(lambda session: compile_desired(session, served))


def actions(desk, row):
    return [event.action.value for event in desk.events(f"follow:{row.id}")]


def test_it_takes_two_persons_to_begin_and_one_to_end(desk):
    row = propose(desk, "cy")
    assert (row.url, row.approved_at) == ("https://growthbook.example", None)
    for name, why in [("cy", "did not propose"), ("ada", "releases:approve")]:
        with pytest.raises(ForbiddenError, match=why):
            desk.write(service.approve, desk.person(name), row.id, "me too")
    with pytest.raises(ForbiddenError, match="follow"):
        desk.write(service.propose, desk.person("ben"), FollowIn(**WANTED))
    assert take(desk, row, {"model.fraud": route(tag(2))}) is False
    row = desk.write(service.approve, desk.person("ben"), row.id, "agreed")
    with pytest.raises(PolicyError, match="in force already"):
        desk.write(service.approve, desk.person("dee"), row.id, "again")
    with pytest.raises(PolicyError, match="end it first"):
        propose(desk)
    desk.write(service.end, desk.person("fay"), row.id, "enough")
    with pytest.raises(PolicyError, match="over"):
        desk.write(service.end, desk.person("fay"), row.id, "again")
    with pytest.raises(NotFoundError):
        desk.write(service.end, desk.person("fay"), "x", "again")
    assert actions(desk, row) == ["follow:propose", "follow:approve", "follow:end"]
    assert following(desk).id != row.id


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "http://growthbook.example"),
        ("url", "https://user:pass@growthbook.example"),
        ("url", "https://growthbook.example/?a=1"),
        ("url", "ftp://growthbook.example"),
        ("url", "https://"),
        ("client_key", "sdk-abcdef"),
        ("decryption_key", "AAAAAAAA"),
        ("models", ["pricing"]),
    ],
)
def test_what_is_to_be_followed_is_checked(desk, field, value):
    with pytest.raises(ContractError, match=field) as refused:
        propose(desk, **{field: value})
    assert "pass" not in str(refused.value)


def test_a_change_upstream_is_taken_without_our_approval_and_says_so(desk):
    row = following(desk)
    split = {
        "id": "r",
        "key": "e",
        "variations": [{"serve": tag(1)}, {"serve": tag(2)}],
        "weights": [0.9, 0.1],
        "hashAttribute": "targeting_key",
        "hashVersion": 2,
    }
    assert take(desk, row, {"model.fraud": route(tag(1), split), "else": {}}) is True
    assert take(desk, row, {"model.fraud": route(tag(1), split), "else": {"x": 1}}) is False
    event = desk.events(f"follow:{row.id}")[-1]
    assert (event.action.value, event.actor.id) == ("follow:accept", "follower")
    assert event.reason.startswith("without our approval")
    assert event.approvals == ("ben",)
    assert tag(2) in str(event.diff["accepted"])
    assert tag(2) in desk.read(wanted_versions)
    assert routes(desk).held == {"fraud": {tag(1), tag(2)}}
    with pytest.raises(PolicyError, match="upstream"):
        desk.write(retire_unused, desk.person("ada"), tag(2), "old")
    desk.write(service.end, desk.person("ada"), row.id, "back")
    assert routes(desk).held == {"fraud": {tag(1)}}


@pytest.mark.parametrize(
    ("feature", "why"),
    [
        (route("fraud:20261122-000000ff"), "no registered version"),
        (route(tag(1, "pricing")), "no registered version of fraud"),
        (route(tag(4)), "is retired"),
        (route(tag(1), shadow=[tag(4)]), "is retired"),
        (route(tag(1), {"force": {"serve": tag(4)}}), "is retired"),
        ({"defaultValue": True}, "route-value"),
        (
            route(tag(1), {"force": {"serve": tag(2)}, "condition": {"nobody": 1}}),
            "unknown-attribute",
        ),
        (
            route(tag(1), {"force": {"serve": tag(2)}, "condition": {"a": {"$inGroup": "g"}}}),
            "did not come",
        ),
        (None, "no feature model.fraud"),
    ],
)
def test_what_is_not_good_leaves_the_last_good_one(desk, feature, why):
    row = following(desk)
    take(desk, row, {"model.fraud": route(tag(2))})
    desk.write(retire_version, desk.person("ada"), tag(4), "old")
    features = {} if feature is None else {"model.fraud": feature}
    assert take(desk, row, features, 1) is True
    assert why in now(desk, row).refused["fraud"]
    assert now(desk, row).accepted["fraud"]["defaultValue"]["serve"] == tag(2)
    assert actions(desk, row)[-2:] == ["follow:accept", "follow:refuse"]
    # The same again is no news.
    assert take(desk, row, features, 2) is False
    assert take(desk, row, {"model.fraud": route(tag(3))}, 3) is True
    assert now(desk, row).refused == {}


def test_a_late_payload_changes_nothing(desk):
    row = following(desk)
    take(desk, row, {"model.fraud": route(tag(2))}, 5)
    assert take(desk, row, {"model.fraud": route(tag(3))}, 4) is True
    found = now(desk, row)
    assert found.accepted["fraud"]["defaultValue"]["serve"] == tag(2)
    assert "older than" in found.refused["*"]
    assert desk.write(service.refuse, row.id, "no JSON") is True
    assert desk.write(service.refuse, row.id, "no JSON") is False
    assert take(desk, row, {"model.fraud": route(tag(2))}, 5) is False
    assert now(desk, row).refused == {}


def test_silence_is_an_event_and_so_is_its_end(desk):
    row = following(desk)
    assert desk.write(service.note_late, row.id, late=True) is True
    assert desk.write(service.note_late, row.id, late=True) is False
    assert now(desk, row).late_since
    assert desk.write(service.note_late, row.id, late=False) is True
    assert actions(desk, row)[-2:] == ["follow:late", "follow:late"]
    desk.write(service.end, desk.person("ada"), row.id, "back")
    for change, more in ((service.note_late, {"late": True}), (service.refuse, {"why": "x"})):
        assert desk.write(change, row.id, **more) is False
    assert take(desk, row, {}) is False


def test_a_followed_model_s_own_releases_do_not_go_forward(desk):
    release = desk.started(2)
    with pytest.raises(PolicyError, match="under way"):
        following(desk)
    desk.tell("ada", release, "rollback")
    row = desk.read(service.standing)
    desk.write(service.approve, desk.person("ben"), row.id, "agreed")
    waiting = desk.approved(3, shadow=False)
    with pytest.raises(PolicyError, match="follows an upstream"):
        desk.tell("ada", waiting, "start")
    desk.write(service.end, desk.person("ada"), row.id, "back")
    assert desk.tell("ada", waiting, "start").state == "canary"
