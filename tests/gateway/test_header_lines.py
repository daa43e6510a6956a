"""Header lines become one value a name."""

from gateway.header_lines import by_name


def test_lines_of_one_name_are_a_list_in_their_order():
    lines = [(b"a", b"1"), (b"b", b"2"), (b"a", b"3")]
    assert by_name(lines) == {b"a": b"1, 3", b"b": b"2"}
    assert by_name(lines[:2]) == {b"a": b"1", b"b": b"2"}
