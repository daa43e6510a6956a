"""Bad requests: reproducible, of every kind, and most of them really bad."""

from load_tests.bad_requests import BadRequests
from load_tests.installation.question import ask_binary, ask_json

GOOD = [ask("key", [(1, 2, 3)], "sbx_a_b") for ask in (ask_json, ask_binary)]


def made(seed):
    maker = BadRequests("sbx_a_b", seed)
    return [maker.make(GOOD[number % 2]) for number in range(400)]


def test_the_same_seed_makes_the_same_requests():
    assert made(1) == made(1)
    assert made(1) != made(2)


def test_every_kind_comes_up_and_whole_ones_are_whole():
    requests = made(3)
    assert len({request.kind for request in requests}) == 9
    for request in requests:
        head, separator, body = request.data.partition(b"\r\n\r\n")
        if request.whole:
            assert separator
            assert int(head.rpartition(b"content-length: ")[2]) == len(body)
