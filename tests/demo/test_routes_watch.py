from bentos.contract.route import CanaryRule, Route, compile_feature
from demo.routes_watch import canary, serves, shadows

V1, V2 = "fraud:20260101-00000000", "fraud:20260102-00000000"
RULE = CanaryRule(release_id="r1", step=1, candidate=V2, buckets=500)

PLAIN = compile_feature(Route(model="fraud", stable=V1))
SHADOW = compile_feature(Route(model="fraud", stable=V1, shadow=(V2,)))
CANARY = compile_feature(Route(model="fraud", stable=V1, canary=RULE))


def test_each_state_is_told_from_the_others():
    cases = {
        serves(V1): [True, True, False],
        serves(V2): [False, False, False],
        shadows(V2): [False, True, False],
        canary("r1", 0.05): [False, False, True],
        canary("r1", 0.25): [False, False, False],
        canary("r2", 0.05): [False, False, False],
    }
    for fits, expected in cases.items():
        assert [fits(feature) for feature in (PLAIN, SHADOW, CANARY)] == expected
