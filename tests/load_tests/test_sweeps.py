from load_tests.http_connection import render_request
from load_tests.sweeps import with_bodies


def test_another_body_keeps_the_head_and_its_keys():
    request = render_request("/p", b"{}", {"authorization": "Bearer k"})
    one, other = with_bodies(request, [b"[1,2]", b"[]"])
    head, _, body = one.partition(b"\r\n\r\n")
    assert body == b"[1,2]"
    assert b"content-length: 5" in head
    assert b"content-length: 2" not in head
    assert b"authorization: Bearer k" in head
    assert other.endswith(b"\r\n\r\n[]")
