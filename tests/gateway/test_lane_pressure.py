from gateway.lane_pressure import Pressure, Priority


def test_shadows_are_refused_first_then_canaries_then_live_calls():
    pressure = Pressure(100)
    admitted = dict.fromkeys(Priority, 0)
    for _ in range(40):
        for priority in Priority:
            if pressure.admits(5, priority):
                pressure.rows += 5
                admitted[priority] += 1
        if pressure.rows == 50:
            assert not pressure.admits(5, Priority.SHADOW)
            assert pressure.admits(5, Priority.CANARY)
    assert pressure.rows == 100
    assert admitted[Priority.LIVE] > admitted[Priority.CANARY] > admitted[Priority.SHADOW]
    assert all(count > 0 for count in pressure.refused)


def test_who_held_back_is_resumed_once_when_no_lane_is_short_any_more():
    pressure, resumed = Pressure(10), []

    def resume():
        resumed.append(True)

    pressure.lane_is_short()
    pressure.lane_is_short()
    pressure.hold(resume)
    pressure.hold(resume)
    pressure.lane_has_room()
    assert pressure.live_waits
    assert resumed == []
    pressure.lane_has_room()
    assert not pressure.live_waits
    assert resumed == [True]
