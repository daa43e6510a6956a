"""Draws the lifecycle from its table into docs/releases.md, so that the two cannot differ.

``python -m control_plane.releases.diagram docs/releases.md`` rewrites the part between the
markers.
"""

import sys
from pathlib import Path

from bentos import drawn
from control_plane.releases.lifecycle import CLOSED, RULES, TRANSITIONS, State, Verb, When

SOURCE = "control_plane/releases/lifecycle.py"

_ASKED = {
    "needs a live approval": "needs_approval",
    "persons only": "persons_only",
    "second person": "second_person",
    "waits for a thaw": "waits_for_thaw",
    "names the revision": "names_revision",
}


def drawing() -> str:
    """The state diagram (Mermaid) and the table of verbs (Markdown)."""
    return "\n".join(["```mermaid", "stateDiagram-v2", *_edges(), "```", "", *_verbs()])


def redraw(page: str) -> str:
    """The page with its drawing made anew; raises ContractError without the markers."""
    return drawn.redraw(page, SOURCE, drawing())


def _edges() -> list[str]:
    lines = [f"    [*] --> {State.DRAFT.value}"]
    for state, verbs in TRANSITIONS.items():
        for verb, edges in verbs.items():
            for edge in edges:
                note = "" if edge.when is When.ALWAYS else f" ({edge.when.value})"
                lines.append(f"    {state.value} --> {edge.to.value}: {verb.value}{note}")
    return lines + [f"    {state.value} --> [*]" for state in State if state in CLOSED]


def _verbs() -> list[str]:
    columns = ("verb", "permission", *_ASKED)
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    for verb in Verb:
        rule = RULES[verb]
        permission = f"`{rule.permission.value}`" if rule.permission else "the system alone"
        asked = [_yes(getattr(rule, member)) for member in _ASKED.values()]
        lines.append(f"| {' | '.join((verb.value, permission, *asked))} |")
    return lines


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def main() -> None:
    """Rewrite the page named on the command line."""
    path = Path(sys.argv[1])
    path.write_text(redraw(path.read_text()))


if __name__ == "__main__":
    main()
