from gateway.lane_retry import MIN_CONCURRENT, RetryBudget


def test_a_few_retries_are_always_allowed_and_more_only_as_a_share():
    budget = RetryBudget()
    assert [budget.take(1) for _ in range(MIN_CONCURRENT + 1)] == [True] * MIN_CONCURRENT + [False]
    assert budget.take(100)
    assert (budget.taken, budget.refused) == (MIN_CONCURRENT + 1, 1)


def test_a_retry_that_ended_makes_room_for_the_next():
    budget = RetryBudget()
    for _ in range(50):
        assert budget.take(1)
        budget.give_back()
    assert budget.running == 0
