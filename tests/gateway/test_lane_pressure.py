from gateway.lane_pressure import Pressure, Priority


def test_canaries_are_refused_before_live_calls():
    pressure = Pressure(100)
    admitted = dict.fromkeys(Priority, 0)
    for _ in range(40):
        for priority in Priority:
            if pressure.admits(5, priority):
                pressure.rows += 5
                admitted[priority] += 1
        if pressure.rows >= 75:
            assert not pressure.admits(5, Priority.CANARY)
    assert pressure.rows == 100
    assert admitted[Priority.LIVE] > admitted[Priority.CANARY]
    assert all(count > 0 for count in pressure.refused)
