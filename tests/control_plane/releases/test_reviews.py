import pytest

from bentos.contract.errors import ContractError
from bentos.contract.local_kill import LocalKill
from control_plane import clock
from control_plane.errors import ForbiddenError, NotFoundError, PolicyError
from control_plane.people.keys import issue_person_key
from control_plane.releases import kills, reviews
from control_plane.releases.local_kills import enter_local_kill
from control_plane.releases.reviews import Standing

FIRST = "fraud:20261122-00000001"


def kill(desk, who="eve"):
    return desk.write(kills.set_kill, desk.person(who), "fraud", FIRST, "it burns", None)


def close(desk, who, review, outcome="justified", notes="looked at it"):
    return desk.write(reviews.close_review, desk.person(who), review.id, outcome, notes)


def test_a_kill_opens_a_review_that_somebody_else_answers(desk):
    row = kill(desk)
    [review] = desk.read(reviews.list_reviews, Standing.OPEN)
    assert (review.kill, review.killed_by) == (row.id, "eve")
    assert clock.seconds_between(review.opened_at, review.due_at) == pytest.approx(48 * 3600, abs=1)
    view = desk.read(reviews.review_view, review)
    assert (view["reason"], view["overdue"]) == ("it burns", False)
    assert view["answerable_by"] == ["ben", "cy", "dee", "fay"]

    with pytest.raises(ForbiddenError, match="eve killed"):
        close(desk, "eve", review)
    with pytest.raises(ForbiddenError, match="kills:review"):
        close(desk, "ada", review)
    closed = close(desk, "fay", review, "follow_up", "the alarm was late")
    assert (closed.outcome, closed.closed_by) == ("follow_up", "fay")
    with pytest.raises(PolicyError, match="fay answered"):
        close(desk, "ben", review)
    assert desk.read(reviews.list_reviews, Standing.OPEN) == []
    assert [each.id for each in desk.read(reviews.list_reviews, Standing.CLOSED)] == [review.id]
    actions = [event.action for event in desk.events(f"review:{review.id}")]
    assert actions == ["review:open", "review:close"]


def test_whom_the_killer_made_what_they_are_does_not_answer(desk):
    desk.write(issue_person_key, desk.person("cy"), "ben")
    kill(desk, "cy")
    [review] = desk.read(reviews.list_reviews, Standing.OPEN)
    assert desk.read(reviews.review_view, review)["answerable_by"] == ["dee", "eve", "fay"]
    with pytest.raises(ForbiddenError, match="ben is not independent of cy"):
        close(desk, "ben", review)
    assert close(desk, "dee", review).closed_by == "dee"


def test_a_review_nobody_answered_in_time_is_listed(desk, monkeypatch):
    kill(desk)
    assert desk.read(reviews.list_reviews, Standing.OVERDUE) == []
    late = clock.later(48 * 3600 + 1)
    monkeypatch.setattr(clock, "now", lambda: late)
    [review] = desk.read(reviews.list_reviews, Standing.OVERDUE)
    assert desk.read(reviews.review_view, review)["overdue"] is True
    # Late is better than never, and it is overdue no longer.
    closed = close(desk, "fay", review)
    assert desk.read(reviews.review_view, closed)["overdue"] is False


def test_every_kill_has_its_own_review(desk):
    kill(desk)
    kill(desk, who="ben")
    killers = [review.killed_by for review in desk.read(reviews.list_reviews)]
    assert killers == ["eve", "ben"]


@pytest.mark.parametrize("cleared", [False, True])
def test_a_local_kill_is_reviewed_by_neither_who_set_it_nor_who_told_of_it(desk, cleared):
    over = {"cleared_at": clock.now(), "cleared_by": "local:ben", "cleared_reason": "out"}
    local = LocalKill(
        id="0" * 36,
        model="fraud",
        version=FIRST,
        reason="at night",
        actor="local:ben",
        at=clock.now(),
        **(over if cleared else {}),
    )
    desk.write(enter_local_kill, desk.person("eve"), local)
    [review] = desk.read(reviews.list_reviews)
    for who in ("ben", "eve"):
        with pytest.raises(ForbiddenError):
            close(desk, who, review)
    close(desk, "fay", review)


@pytest.mark.parametrize(("outcome", "notes"), [("fine", "x"), ("justified", " ")])
def test_an_answer_says_something(desk, outcome, notes):
    kill(desk)
    [review] = desk.read(reviews.list_reviews)
    with pytest.raises(ContractError):
        close(desk, "fay", review, outcome, notes)


def test_there_is_no_kill_without_a_reason_or_the_right_to_it(desk):
    desk.change_roles("eve", ["viewer"])
    with pytest.raises(ForbiddenError):
        kill(desk)
    desk.change_roles("eve", ["approver"])
    with pytest.raises(ContractError, match="reason"):
        desk.write(kills.set_kill, desk.person("eve"), "fraud", FIRST, " ", None)
    with pytest.raises(NotFoundError):
        desk.read(reviews.get_review, "x")
