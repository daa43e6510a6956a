import pytest
from hypothesis import given, settings

from bentos.contract.route import CanaryRule, Route, compile_features
from control_plane.growthbook.frames import MAX_LINE_BYTES
from control_plane.lint.finding import Severity, errors
from control_plane.lint.known import Known
from control_plane.lint.linter import MAX_FINDINGS, lint
from tests.control_plane.lint.payloads import PAYLOADS, PEOPLE, in_python
from tests.routing import javascript_sdk

KNOWN = Known(attributes={"country": "string", "orders": "number", "vip": "boolean"})
SPLIT = {"key": "e", "variations": [True, False], "weights": [0.5, 0.5], "hashVersion": 2}


def features(*rules, default=False, **more):
    return {"features": {"f": {"defaultValue": default, "rules": list(rules)}, **more}}


def when(condition, **more):
    return features({"condition": condition, "force": True}, **more)


def parent(feature, **condition):
    return {"parentConditions": [{"id": feature, "condition": condition or {"value": True}}]}


def depends(**on):
    return {
        "features": {
            name: {"defaultValue": 1, "rules": [parent(each) for each in parents]}
            for name, parents in on.items()
        }
    }


ERRORS = [
    ([], "payload-shape", None, ""),
    ({"features": []}, "payload-shape", None, ""),
    ({"features": {}, "savedGroups": [1]}, "payload-shape", None, "savedGroups"),
    ({"features": {"f": 7}}, "feature-shape", "f", ""),
    ({"features": {"f": {"rules": {}, "defaultValue": 1}}}, "feature-shape", "f", ""),
    (features(*[{"force": True}] * 101), "feature-shape", "f", ""),
    (features(7), "rule-shape", "f", "rules[0]"),
    (features({"force": True, "coverage": 2}), "rule-shape", "f", "rules[0]"),
    (features({"force": True, "coverage": "1"}), "rule-shape", "f", "rules[0]"),
    (features({"variations": [], "key": "e"}), "rule-shape", "f", "rules[0]"),
    (features({"force": True, "condition": [1]}), "rule-shape", "f", "rules[0]"),
    (features({"force": "yes"}), "mixed-values", "f", "rules[0].force"),
    (features({"force": 1}), "mixed-values", "f", "rules[0].force"),
    (features(SPLIT | {"variations": [True, 0]}), "mixed-values", "f", "rules[0].variations[1]"),
    (features(SPLIT | {"weights": [1.0]}), "arms-differ", "f", "rules[0].weights"),
    (features(SPLIT | {"meta": [{}]}), "arms-differ", "f", "rules[0].meta"),
    (features(SPLIT | {"weights": [0.5, 0.2]}), "weights-sum", "f", "rules[0].weights"),
    (
        features(SPLIT | {"ranges": [[0.5, 0.1], [0, 0]]}),
        "range-reversed",
        "f",
        "rules[0].ranges[0]",
    ),
    (
        features(SPLIT | {"ranges": [[0, 0.6], [0.5, 1]]}),
        "ranges-overlap",
        "f",
        "rules[0].ranges[1]",
    ),
    (when({"county": "DE"}), "unknown-attribute", "f", "rules[0].condition.county"),
    (when({"orders": "3"}), "mixed-attribute", "f", "rules[0].condition.orders"),
    (
        when({"country": {"$in": ["DE", 7]}}),
        "mixed-attribute",
        "f",
        "rules[0].condition.country.$in[1]",
    ),
    (when({"$or": [{"vip": "x"}]}), "mixed-attribute", "f", "rules[0].condition.$or[0].vip"),
    (when({"country": {"$near": 1}}), "unknown-operator", "f", "rules[0].condition.country.$near"),
    (when({"$xor": []}), "unknown-operator", "f", "rules[0].condition.$xor"),
    (when({"$savedGroup": {"id": "g"}}), "unknown-operator", "f", "rules[0].condition.$savedGroup"),
    (when({"country": {"$eq": None}}), "operand-type", "f", "rules[0].condition.country.$eq"),
    (when({"country": ["DE"]}), "operand-type", "f", "rules[0].condition.country"),
    (when({"country": {"$vgt": 2}}), "operand-type", "f", "rules[0].condition.country.$vgt"),
    (when({"orders": {"$regex": "3"}}), "operand-type", "f", "rules[0].condition.orders.$regex"),
    (when({"country": {}}), "condition-shape", "f", "rules[0].condition.country"),
    (
        when({"country": {"$exists": 1}}),
        "condition-shape",
        "f",
        "rules[0].condition.country.$exists",
    ),
    (when({"$or": []}), "condition-shape", "f", "rules[0].condition.$or"),
    (when({"country": {"$in": "DE"}}), "condition-shape", "f", "rules[0].condition.country.$in"),
    (
        when({"country": {"$regex": "(a+)+$"}}),
        "regex-backtracking",
        "f",
        "rules[0].condition.country.$regex",
    ),
    (
        when({"country": {"$notRegexi": ".*a.*b"}}),
        "regex-backtracking",
        "f",
        "rules[0].condition.country.$notRegexi",
    ),
    (
        when({"country": {"$regex": "(?P<x>a)"}}),
        "regex-dialect",
        "f",
        "rules[0].condition.country.$regex",
    ),
    (
        when({"country": {"$not": {"$regex": "("}}}),
        "regex-dialect",
        "f",
        "rules[0].condition.country.$not.$regex",
    ),
    (
        when({"country": {"$inGroup": "g"}}),
        "saved-group-missing",
        "f",
        "rules[0].condition.country.$inGroup",
    ),
    (when({"country": {"$in": ["x" * 1000] * 40}}), "condition-size", "f", "rules[0].condition"),
    (depends(a=["b"]), "prerequisite-missing", "a", "rules[0].parentConditions[0].id"),
    (depends(a=["a"]), "prerequisite-cycle", "a", "rules"),
    (depends(a=["b"], b=["c"], c=["a"]), "prerequisite-cycle", "a", "rules"),
    (
        depends(**{f"f{n:02}": [f"f{n + 1:02}"] for n in range(25)}, f25=[]),
        "prerequisite-depth",
        "f04",
        "rules",
    ),
    (
        features(parent("g", value={"$regex": "(a+)+"}), g={"defaultValue": ""}),
        "regex-backtracking",
        "f",
        "rules[0].parentConditions[0].condition.value.$regex",
    ),
    ({"features": {"model.m": {"defaultValue": "v1"}}}, "route-value", "model.m", "defaultValue"),
    (
        {"features": {"model.m": {"defaultValue": {"serve": ""}}}},
        "route-value",
        "model.m",
        "defaultValue",
    ),
]
OVERLAPPING = {
    "g": {"defaultValue": 1, "rules": [SPLIT | {"variations": [1, 2], "namespace": ["n", 0.4, 1]}]}
}
WARNINGS = [
    (features({"force": True}, {"force": False}), "unreachable", "f", "rules[1]"),
    (features(SPLIT, {"force": False}), "unreachable", "f", "rules[1]"),
    (features({"force": True, "coverage": 0}), "never-matches", "f", "rules[0]"),
    (when({"country": {"$in": []}}), "never-matches", "f", "rules[0].condition.country.$in"),
    (features({"id": "x"}), "rule-does-nothing", "f", "rules[0]"),
    (features(SPLIT | {"weights": [0.99999, 0.00001]}), "too-fine", "f", "rules[0].weights[1]"),
    (
        features(SPLIT, g={"defaultValue": 1, "rules": [SPLIT | {"variations": [1, 2]}]}),
        "seed-shared",
        "g",
        "rules[0].seed",
    ),
    (
        features(
            SPLIT, g={"defaultValue": 1, "rules": [SPLIT | {"variations": [1, 2], "seed": "s"}]}
        ),
        "experiment-key-shared",
        "g",
        "rules[0].key",
    ),
    (
        features(SPLIT | {"namespace": ["n", 0, 0.5]}, **OVERLAPPING),
        "namespace-overlap",
        "g",
        "rules[0].namespace",
    ),
    (
        when({"country": {"$regex": "a+b", "$exists": True}}),
        "regex-slow",
        "f",
        "rules[0].condition.country.$regex",
    ),
    (when({"orders": {"$lt": 3}}), "missing-differs", "f", "rules[0].condition.orders"),
    (features({"force": 1}, default=None), "mixed-values", "f", "rules[0].force"),
]


@pytest.mark.parametrize(("payload", "code", "feature", "field"), ERRORS)
def test_an_error_says_where_it_is_and_what_to_do(payload, code, feature, field):
    found = [each for each in errors(lint(payload, KNOWN)) if each.code == code]
    assert (feature, field) in [(each.feature, each.field) for each in found]
    for each in found:
        assert each.found
        assert each.do
        if field.startswith("rules["):
            assert each.rule == 0


@pytest.mark.parametrize(("payload", "code", "feature", "field"), WARNINGS)
def test_a_warning_keeps_nothing_back(payload, code, feature, field):
    found = lint(payload, KNOWN)
    assert errors(found) == ()
    assert (code, feature, field) in [(each.code, each.feature, each.field) for each in found]


def test_what_releases_compile_to_is_clean():
    rule = CanaryRule(
        release_id="r", step=1, candidate="m:2", buckets=500, condition={"country": "DE"}
    )
    routes = (
        Route(model="m", stable="m:1", canary=rule),
        Route(model="n", stable="n:1", shadow=("n:2",)),
    )
    for buckets in (0, 1, 500, 9999, 10_000):
        each = CanaryRule(release_id="q", step=2, candidate="o:2", buckets=buckets)
        compiled = compile_features((*routes, Route(model="o", stable="o:1", canary=each)))
        assert lint({"features": compiled}, KNOWN) == ()


def test_an_attribute_nobody_declared_is_compared_with_one_type():
    one, other = {"force": True, "condition": {"n": 1}}, {"force": True, "condition": {"n": "1"}}
    found = errors(lint(features(one, other), Known()))
    assert [(each.code, each.field) for each in found] == [
        ("mixed-attribute", "rules[1].condition.n")
    ]
    assert "f.rules[0].condition.n" in found[0].found


def test_a_group_that_came_along_is_used_and_its_values_are_looked_at():
    payload = when({"country": {"$inGroup": "g"}}) | {"savedGroups": {"g": ["DE", "FR"]}}
    assert lint(payload, KNOWN) == ()
    typed = payload | {"savedGroups": {"g": {"type": "list", "values": ["DE"]}}}
    assert lint(typed, KNOWN) == ()
    wrong = payload | {"savedGroups": {"g": ["DE", 7, 8]}}
    assert [each.code for each in lint(wrong, KNOWN)] == ["mixed-attribute"]


def test_a_frame_is_too_long_for_those_who_are_sent_it():
    half = {"defaultValue": "x" * (MAX_LINE_BYTES // 2 + 2000)}
    payload = {"features": {"a": half, "b": half}}
    seen = {"small": frozenset({"a"}), "whole": frozenset({"a", "b"})}
    found = lint(payload, Known(audiences=seen))
    assert [each.severity for each in found if "for whole" in each.found] == [Severity.ERROR]
    assert [each.severity for each in found if "for small" in each.found] == [Severity.WARNING]
    # Nobody is sent all of it: that it could be too long is worth a warning.
    assert errors(lint(payload, Known())) == ()


def test_the_list_ends():
    found = lint(
        features(
            *[{"force": 1}] * 100,
            g={"defaultValue": 1, "rules": [{"force": "x"}] * 100},
            h={"defaultValue": 1, "rules": [{"force": "x"}] * 100},
        ),
        KNOWN,
    )
    assert len(found) == MAX_FINDINGS
    assert found[-1].code == "more"
    nested = {"a": 1}
    for _ in range(3000):
        nested = {"$not": nested}
    assert errors(lint(when(nested), KNOWN))


@given(PAYLOADS)
@settings(max_examples=300)
def test_what_passes_is_evaluated_by_the_python_sdk(payload):
    if not errors(lint(payload, KNOWN)):
        for feature in payload["features"]:
            for attributes in PEOPLE:
                value, source = in_python(payload, feature, attributes)
                assert source in {"defaultValue", "force", "experiment", "prerequisite"}
                assert isinstance(value, bool) or source == "prerequisite"


def test_what_passes_without_a_finding_is_read_alike_by_both_sdks():
    found = []

    @given(PAYLOADS)
    @settings(max_examples=600, database=None)
    def gather(payload):
        if not errors(lint(payload, KNOWN)):
            found.append(payload)

    gather()
    assert len(found) > 80
    cases = [(name, attributes) for name in "abc" for attributes in PEOPLE]
    theirs = javascript_sdk.evaluate([each["features"] for each in found], cases)
    for payload, answers in zip(found, theirs, strict=True):
        clean = not lint(payload, KNOWN) and "savedGroups" not in payload
        for (name, attributes), answer in zip(cases, answers, strict=True):
            if clean and name in payload["features"]:
                assert tuple(answer[:2]) == in_python(payload, name, attributes), payload
