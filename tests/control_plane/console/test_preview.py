"""The API's dry run in words."""

from control_plane.console.preview import Preview

MOVE = {"from": "m:1", "to": "m:2", "share": 0.2, "subjects": None}


def preview(moves, weight=(0.05, 0.25), *, basis="estimate", subjects=None, notes=(), against=()):
    moved = {"basis": basis, "subjects": subjects, "moves": moves, "notes": list(notes)}
    return Preview(
        "m",
        {
            "releases": [{"model": "m", "weight": list(weight)}],
            "who_moves": {"m": moved},
            "against": list(against),
            "lint": [],
        },
    )


def test_without_decisions_it_says_that_it_is_expected():
    assert preview([MOVE]).lines() == [
        "20 % of visitors move from m:1 to m:2.",
        "Expected of the hash: no decisions of the last 24 hours to count yet.",
    ]


def test_with_decisions_visitors_are_counted():
    found = preview([MOVE | {"subjects": 2480}], basis="decisions", subjects=12400).lines()
    assert found[0] == "2,480 visitors (20 %) move from m:1 to m:2."
    assert found[1].startswith("Counted over the 12,400 visitors of the last 24 hours")


def test_notes_are_sentences():
    found = preview([MOVE], notes=["of callers whom the release's condition lets in"]).lines()
    assert found[-1] == "Of callers whom the release's condition lets in."


def test_a_move_of_nobody_says_so():
    assert preview([]).lines() == ["Nobody moves from one version to another."]


def test_shares_are_those_of_the_candidate():
    assert preview([MOVE]).weights() == (500, 2500)


def test_what_cannot_be_carried_out_has_no_consequence():
    nothing = Preview(
        "m", {"releases": [], "who_moves": {}, "against": ["it is killed"], "lint": []}
    )
    assert nothing.lines() == []
    assert nothing.weights() is None
