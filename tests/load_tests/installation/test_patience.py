"""Who is held still loses no patience."""

from load_tests.installation.patience import GAP_S, Patience


def test_time_in_which_nobody_looked_does_not_count():
    now = [0.0]
    patience = Patience(20.0, lambda: now[0])
    over = []
    for at in (5.0, 155.0, 160.0, 163.9, 164.1):
        now[0] = at
        over.append(patience.is_over())
    assert GAP_S == 6.0
    assert over == [False, False, False, False, True]
