import pytest

from bentos.contract.decision import Reason
from bentos.contract.documents import KillBody, KillEntry, Revision, RoutesBody
from bentos.contract.errors import ContractError
from gateway.errors import NotFound
from gateway.routing import Routes
from tests.gateway.installation import CANARY, SHADOW, STABLE, route

R7, R9 = Revision(1, 7), Revision(1, 9)


def routes(body, kills=None):
    return Routes(body, kills or KillBody(), R7, R9)


def test_the_default_value_serves_without_a_rule():
    assignment = routes(route(shadow=(SHADOW,))).assign("fraud", "k", {}, None)
    assert (assignment.version, assignment.shadows) == (STABLE, (SHADOW,))
    assert assignment.reason is Reason.STATIC
    assert not assignment.is_canary


def test_a_canary_carries_release_step_and_bucket():
    assigned = [routes(route(5000)).assign("fraud", f"k{n}", {}, None) for n in range(200)]
    arms = {a.variant: a for a in assigned}
    assert set(arms) == {"stable", "canary"}
    assert arms["canary"].version == CANARY
    assert arms["canary"].bucket < 5000 <= arms["stable"].bucket
    assert {(a.release_id, a.step, a.reason, a.revision) for a in assigned} == {
        ("rel-1", 1, Reason.SPLIT, R7)
    }


def test_no_key_and_an_unmet_condition_get_the_default():
    target = routes(route(10_000, condition={"country": "NL"}))
    assert target.assign("fraud", None, {}, None).reason is Reason.STATIC
    assert target.assign("fraud", "k", {"country": "BE"}, None).version == STABLE
    assert target.assign("fraud", "k", {"country": "NL"}, None).version == CANARY


def test_a_kill_is_obeyed_before_pin_and_rule():
    kills = KillBody(models={"fraud": KillEntry(id="k", version=SHADOW, reason="why")})
    killed = routes(route(10_000), kills)
    assignment = killed.assign("fraud", "k", {}, CANARY)
    assert (assignment.version, assignment.reason, assignment.revision) == (
        SHADOW, Reason.KILLED, R9,
    )  # fmt: skip
    assert killed.stable_of("fraud") == SHADOW


def test_every_version_a_route_names_is_known():
    assert routes(route(100, shadow=(SHADOW,))).versions() == {STABLE, CANARY, SHADOW}


def test_unknown_models_and_malformed_values_are_named():
    with pytest.raises(NotFound, match="'nothing'"):
        routes(route()).assign("nothing", None, {}, None)
    with pytest.raises(ContractError, match=r"routes\.model\.x"):
        routes(RoutesBody(features={"model.x": {"defaultValue": "v1"}}))
