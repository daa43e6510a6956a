from load_tests.propagation.plane import nanoseconds


def test_a_commit_s_time_is_read_to_the_microsecond():
    assert nanoseconds("2026-11-26T11:00:00.123456Z") == 1795690800123456000
    assert nanoseconds("1970-01-01T00:00:00.000001Z") == 1000
