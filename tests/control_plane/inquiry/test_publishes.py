import pytest
from sqlalchemy import text

from bentos.contract.errors import ContractError
from control_plane.inquiry.history import Period
from control_plane.inquiry.publishes import WITHOUT_APPROVAL, Verdict, publishes

ALWAYS = Period()


def verdicts(history, period=ALWAYS):
    return [(each.model, each.verdict.value) for each in history.ask(publishes, period)]


def test_an_approved_release_a_rollback_and_a_kill_are_told_apart(history):
    history.release("mia", "create")
    history.release("mia", "submit")
    history.release("leo", "approve", approvals=("leo",))
    start = history.release("mia", "start", approvals=("leo",), reason="go")
    routed = history.routes(fraud=("a", "b", 500, "r1"))
    history.release("mia", "rollback")
    history.routes(fraud="a")
    history.write("ben", "kill:set", "kill:fraud", reason="fire")
    history.kills(fraud="a")
    found = history.ask(publishes, ALWAYS)
    assert [each.verdict for each in found] == [
        Verdict.APPROVED,
        Verdict.BACK,
        Verdict.EMERGENCY,
    ]
    first = found[0]
    assert (first.seq, first.cause_seq, first.cause) == (routed, start, "release:start")
    assert (first.by, first.approvers, first.release) == ("mia", ("leo",), "release:r1")
    assert (found[2].by, found[2].reason, found[2].release) == ("ben", "fire", None)


@pytest.mark.parametrize("approvals", [(), ("mia",), ("eve",), ("mia", "eve")])
def test_without_an_independent_approval_it_is_named(history, approvals):
    history.release("mia", "create")
    history.release("eve", "edit")
    history.release("mia", "ramp", approvals=approvals)
    history.routes(fraud=("a", "b", 500, "r1"))
    assert verdicts(history) == [("fraud", "unapproved")]
    assert Verdict.UNAPPROVED in WITHOUT_APPROVAL


def test_a_route_that_no_event_explains_is_named(history):
    history.release("mia", "create", model="pricing")
    history.release("mia", "start", approvals=("leo",))
    history.routes(pricing="a", fraud="b")
    assert verdicts(history) == [("fraud", "unexplained"), ("pricing", "approved")]
    history.routes(pricing="a", fraud="c")
    assert verdicts(history)[2:] == [("fraud", "unexplained")]


def test_a_publication_that_changed_nothing_of_a_model_tells_nothing(history):
    history.release("mia", "create")
    history.release("mia", "start", approvals=("leo",))
    history.routes(fraud="a")
    history.routes(fraud="a", pricing="b")
    assert [model for model, _ in verdicts(history)] == ["fraud", "pricing"]


def test_a_route_that_was_held_back_still_has_its_cause(history):
    history.release("mia", "create")
    history.release("mia", "start", approvals=("leo",))
    history.release("zoe", "create", "r2", "pricing")
    history.release("zoe", "start", "r2", approvals=("leo",))
    history.routes(pricing="p")
    history.routes(pricing="p", fraud="a")
    assert verdicts(history) == [("pricing", "approved"), ("fraud", "approved")]


def test_only_the_period_is_told_but_all_before_it_counts(history):
    history.release("mia", "create")
    history.release("mia", "start", approvals=("mia",))
    history.routes(fraud="a")
    since = history.now()
    history.routes(fraud="b")
    assert verdicts(history, Period(since=since)) == [
        ("fraud", "unapproved"),
        ("fraud", "unapproved"),
    ]
    assert verdicts(history, Period(until=since)) == []
    with pytest.raises(ContractError, match="since"):
        Period("2026-02-01T00:00:00Z", "2026-01-01T00:00:00Z")


def test_an_archive_that_was_tampered_with_is_named(history):
    history.release("mia", "create")
    history.release("mia", "start", approvals=("leo",))
    history.routes(fraud="a")
    with history.database.writer.begin() as connection:
        connection.execute(text("UPDATE document_body SET body = :body"), {"body": b"{}"})
    assert verdicts(history) == [(None, "altered")]


def test_denied_attempts_move_nothing(history):
    history.release("mia", "create")
    history.write("eve", "release:start", "release:r1", outcome="denied", approvals=("leo",))
    history.routes(fraud="a")
    assert verdicts(history) == [("fraud", "unexplained")]


def test_a_draft_of_meanwhile_explains_no_traffic(history):
    history.release("mia", "create")
    history.release("mia", "promote", approvals=("leo",))
    history.release("zoe", "create", "r2")
    history.release("zoe", "abort", "r2", before={"state": "draft"}, after={"state": "aborted"})
    history.routes(fraud="a")
    assert verdicts(history) == [("fraud", "approved")]
    history.release("zoe", "abort", "r1", before={"state": "canary"}, after={"state": "aborted"})
    history.routes(fraud="b")
    assert verdicts(history)[1:] == [("fraud", "back")]


@pytest.mark.parametrize(
    ("hands", "told"),
    [
        ({"leo": ["gus"]}, ("gus",)),
        ({"leo": ["gus"], "zoe": ["hal"]}, ("gus", "hal")),
        ({"leo": ["gus"], "zoe": []}, ()),
        ({"leo": []}, ()),
    ],
)
def test_an_approval_whose_persons_one_hand_made_is_told_unless_another_stands_beside(
    history, hands, told
):
    history.release("mia", "create")
    for person, shared in hands.items():
        details = {"same_hand": [None, shared]} if shared else {}
        history.release(person, "approve", details=details)
    history.release("mia", "start", approvals=tuple(hands))
    history.routes(fraud="a")
    [found] = history.ask(publishes, ALWAYS)
    assert (found.verdict, found.same_hand) == (Verdict.APPROVED, told)
