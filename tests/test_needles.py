import numpy as np
import pytest

from tests import needles
from tests.needles import Needles


def test_all_that_occur_are_found_and_no_others():
    texts = [f"needle-{n:03d}-{n * n}".encode() for n in range(300)]
    data = b" ".join(texts[::2])
    assert Needles((text, text) for text in texts).found(data) == set(texts[::2])


def test_they_are_found_at_both_ends_and_across_what_is_read_at_once(monkeypatch):
    monkeypatch.setattr(needles, "STEP", 64)
    search = Needles([(b"abcdefgh", "it")])
    noise = np.random.default_rng(1).bytes(400)
    for at in range(len(noise)):
        assert search.found(noise[:at] + b"abcdefgh" + noise[at:]) == {"it"}
        assert search.found(noise[:at] + b"abcdefg") == set()
    assert search.found(b"") == set()


def test_what_begins_alike_is_told_apart():
    search = Needles([(b"abcdef1", 1), (b"abcdef2", 2), (b"abcdef", 0)])
    assert search.found(b"..abcdef2") == {2, 0}


def test_a_needle_too_short_to_tell_is_refused():
    with pytest.raises(ValueError, match="6 bytes"):
        Needles([(b"abcde", "it")])
