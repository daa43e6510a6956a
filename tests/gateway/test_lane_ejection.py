from gateway.lane_ejection import (
    BASE_S,
    CONSECUTIVE,
    FORGET_AFTER_S,
    LONGEST_S,
    MIN_CALLS,
    WINDOW_S,
    Ejection,
)


def test_failures_in_a_row_eject():
    ejection = Ejection()
    assert [ejection.fails(1.0) for _ in range(CONSECUTIVE)] == [False, False, True]


def test_an_answer_between_failures_starts_the_row_anew():
    ejection = Ejection()
    for _ in range(20):
        ejection.succeeded()
        ejection.succeeded()
        assert not ejection.fails(1.0)


def test_half_of_the_calls_of_a_window_failing_ejects_although_never_in_a_row():
    ejection = Ejection()
    verdicts = []
    for _ in range(MIN_CALLS):
        verdicts.append(ejection.fails(1.0))
        ejection.succeeded()
    assert verdicts.index(True) * 2 + 1 >= MIN_CALLS


def test_a_window_that_passed_is_forgotten():
    ejection = Ejection()
    for number in range(50):
        assert not ejection.fails(number * (WINDOW_S + 1))
        ejection.succeeded()


def test_time_out_of_use_grows_to_a_cap_and_is_forgotten_after_health():
    ejection = Ejection()
    spans = [ejection.eject(100.0 + number) for number in range(8)]
    assert spans[:3] == [BASE_S, 2 * BASE_S, 4 * BASE_S]
    assert spans[-1] == LONGEST_S
    assert ejection.eject(108.0 + FORGET_AFTER_S) == BASE_S
