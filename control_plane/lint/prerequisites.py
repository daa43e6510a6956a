"""Features that depend on one another: each must exist, and none may wait for itself."""

from collections.abc import Iterator, Mapping, Sequence

from control_plane.lint.conditions import Conditions
from control_plane.lint.finding import Finding, Place
from control_plane.lint.graph import components
from control_plane.lint.known import Known
from control_plane.lint.shapes import ParentCondition

MAX_DEPTH = 20
"The SDKs recurse; Python ends at a thousand frames."
Parents = Mapping[str, Sequence[tuple[Place, ParentCondition]]]


def check_prerequisites(features: set[str], parents: Parents, known: Known) -> Iterator[Finding]:
    """``parents``: feature → its rules' prerequisites, with their places."""
    # A prerequisite's condition is about its feature's value, of whatever type.
    values = Known(attributes=None, groups=known.groups)
    for prerequisites in parents.values():
        for place, each in prerequisites:
            yield from Conditions(values).check(each.condition, place.at("condition"))
            if each.id not in features:
                do = "bring it with the payload: without it the feature has no value"
                yield place.at("id").error("prerequisite-missing", each.id, do)
    graph = {
        feature: sorted({p.id for _, p in parents.get(feature, ()) if p.id in features})
        for feature in features
    }
    yield from _check_cycles(graph)


def _check_cycles(graph: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    depth: dict[str, int] = {}
    # Backwards: those that others wait for come last.
    for component in reversed(components(graph)):
        member = min(component)
        if len(component) > 1 or member in graph[member]:
            found = " waits for ".join([*sorted(component), member])
            yield Place(member, None, "rules").error(
                "prerequisite-cycle", found, "take one of these prerequisites out"
            )
            depth.update(dict.fromkeys(component, 0))
            continue
        depth[member] = 1 + max((depth[each] for each in graph[member]), default=-1)
        if depth[member] > MAX_DEPTH:
            found = f"{depth[member]} features wait for one another"
            do = f"at most {MAX_DEPTH}: the SDKs' evaluators recurse"
            yield Place(member, None, "rules").error("prerequisite-depth", found, do)
