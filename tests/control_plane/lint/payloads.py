"""Payloads of all sorts, most of them wrong, and what the Python SDK makes of one."""

from growthbook import GrowthBook
from hypothesis import strategies as st

ATTRIBUTES = {"targeting_key": "k", "id": "k", "country": "DE", "orders": 3, "vip": True}
JUNK = st.sampled_from([None, True, 0, 1, 0.5, -1, "x", "DE", "", [], [1], {}, {"a": 1}])
SHARES = st.sampled_from([0, 0.1, 0.25, 0.5, 1])
STRINGS = st.sampled_from(["DE", "FR", "a+b", "^D", "(a+)+", "(?i)x", "1.2.3"])
OPERANDS = st.one_of(STRINGS, st.integers(0, 5), st.booleans(), JUNK)
OPERATORS = st.sampled_from(
    [
        "$eq",
        "$ne",
        "$gt",
        "$gte",
        "$lt",
        "$lte",
        "$in",
        "$nin",
        "$ini",
        "$regex",
        "$notRegex",
        "$regexi",
        "$veq",
        "$vgt",
        "$exists",
        "$not",
        "$inGroup",
        "$size",
        "$elemMatch",
        "$all",
        "$type",
        "$what",
    ]
)
COMPARED = st.one_of(
    OPERANDS,
    st.dictionaries(OPERATORS, st.one_of(OPERANDS, st.lists(OPERANDS, max_size=3)), max_size=2),
)
NAMES = st.sampled_from(["country", "orders", "vip", "unknown"])
CONDITIONS = st.recursive(
    st.dictionaries(NAMES, COMPARED, max_size=2),
    lambda inner: st.one_of(
        st.dictionaries(
            st.sampled_from(["$or", "$and", "$nor"]), st.lists(inner, max_size=2), max_size=1
        ),
        st.dictionaries(st.just("$not"), inner, max_size=1),
    ),
    max_leaves=4,
)
FEATURES = st.sampled_from(["a", "b", "c"])
RULES = st.fixed_dictionaries(
    {},
    optional={
        "condition": CONDITIONS,
        "force": st.one_of(st.booleans(), JUNK),
        "variations": st.one_of(st.just([True, False]), st.lists(JUNK, max_size=3)),
        "weights": st.one_of(st.just([0.5, 0.5]), st.lists(SHARES, max_size=3), JUNK),
        "ranges": st.one_of(
            st.just([[0, 0.5], [0.5, 1]]), st.lists(st.lists(SHARES, max_size=3), max_size=2)
        ),
        "coverage": st.one_of(SHARES, JUNK),
        "hashAttribute": st.one_of(st.sampled_from(["targeting_key", "country"]), JUNK),
        "hashVersion": st.one_of(st.sampled_from([1, 2]), JUNK),
        "namespace": st.one_of(st.just(["n", 0, 0.5]), JUNK),
        "filters": st.one_of(
            st.just([{"seed": "s", "ranges": [[0, 0.5]]}]), st.lists(JUNK, max_size=1)
        ),
        "parentConditions": st.lists(
            st.fixed_dictionaries(
                {"id": FEATURES, "condition": st.one_of(st.just({"value": True}), CONDITIONS)},
                optional={"gate": st.booleans()},
            ),
            max_size=1,
        ),
        "meta": st.one_of(st.just([{"key": "0"}, {"key": "1"}]), st.lists(JUNK, max_size=2)),
        "key": st.one_of(STRINGS, JUNK),
        "seed": st.one_of(STRINGS, JUNK),
    },
)
PAYLOADS = st.fixed_dictionaries(
    {
        "features": st.dictionaries(
            FEATURES,
            st.fixed_dictionaries(
                {"defaultValue": st.booleans(), "rules": st.lists(RULES, max_size=3)}
            ),
            min_size=1,
        )
    },
    optional={"savedGroups": st.just({"DE": ["DE"]})},
)
PEOPLE = [ATTRIBUTES, {"targeting_key": "k2"}, {}]


def in_python(payload, feature, attributes):
    sdk = GrowthBook(
        # It empties what it was given in the end.
        attributes=dict(attributes),
        features=payload["features"],
        savedGroups=payload.get("savedGroups", {}),
    )
    try:
        found = sdk.eval_feature(feature)
        return found.value, found.source
    finally:
        sdk.destroy()
