from control_plane.inquiry.history import Period
from control_plane.inquiry.stale_approvals import stale_approvals

ALWAYS = Period()


def stale(history, period=ALWAYS):
    return history.ask(stale_approvals, period)


def test_an_approval_of_before_the_edit_is_named_with_both(history):
    history.release("mia", "create")
    approved = history.release("leo", "approve")
    edited = history.release("mia", "edit")
    moved = history.release("mia", "start", approvals=("leo",))
    (found,) = stale(history)
    assert (found.seq, found.approver) == (moved, "leo")
    assert (found.approved_seq, found.edit_seq) == (approved, edited)
    history.release("leo", "approve")
    history.release("mia", "promote", approvals=("leo",))
    assert [each.seq for each in stale(history)] == [moved]
    assert stale(history, Period(since=history.now())) == []


def test_an_approval_that_was_never_given_or_was_refused_since_is_named(history):
    history.release("mia", "create")
    history.release("leo", "approve")
    history.release("zoe", "refuse")
    history.release("mia", "start", approvals=("leo", "ada"))
    assert [(each.approver, each.approved_seq) for each in stale(history)] == [
        ("leo", 2),
        ("ada", None),
    ]


def test_releases_do_not_share_approvals(history):
    history.release("mia", "create", "r1")
    history.release("leo", "approve", "r1")
    history.release("mia", "create", "r2", "pricing")
    history.release("mia", "start", "r1", approvals=("leo",))
    assert stale(history) == []
    history.release("mia", "start", "r2", approvals=("leo",))
    assert [each.release for each in stale(history)] == ["release:r2"]
