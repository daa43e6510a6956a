"""Strongly connected components: who can reach whom, and back."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def components(graph: Mapping[Node, Sequence[Node]]) -> list[set[Node]]:
    """Each with all its members; those that lead to others come before them (Kosaraju)."""
    back: dict[Node, list[Node]] = {node: [] for node in graph}
    for node, ahead in graph.items():
        for other in ahead:
            back[other].append(node)
    found: list[set[Node]] = []
    seen: set[Node] = set()
    for node in reversed(_finished(graph)):
        if node in seen:
            continue
        seen.add(node)
        component, waiting = {node}, [node]
        while waiting:
            for other in back[waiting.pop()]:
                if other not in seen:
                    seen.add(other)
                    component.add(other)
                    waiting.append(other)
        found.append(component)
    return found


def _finished(graph: Mapping[Node, Sequence[Node]]) -> list[Node]:
    """Nodes in the order in which a walk, deep first, was done with them."""
    done: list[Node] = []
    seen: set[Node] = set()
    for root in graph:
        if root in seen:
            continue
        seen.add(root)
        path = [(root, iter(graph[root]))]
        while path:
            node, ahead = path[-1]
            following = next((each for each in ahead if each not in seen), None)
            if following is None:
                done.append(node)
                path.pop()
            else:
                seen.add(following)
                path.append((following, iter(graph[following])))
    return done
