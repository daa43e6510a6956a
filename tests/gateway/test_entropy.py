"""No byte twice, whatever sizes are asked for."""

from gateway.entropy import BLOCK_BYTES, Entropy


def test_pieces_have_their_size_and_no_piece_comes_twice():
    entropy = Entropy()
    pieces = [entropy.take(size) for size in (10, 16) * 2000]
    assert [len(piece) for piece in pieces] == [10, 16] * 2000
    assert len(set(pieces)) == len(pieces)


def test_a_piece_may_be_a_whole_block():
    entropy = Entropy()
    assert len(entropy.take(BLOCK_BYTES)) == BLOCK_BYTES
    assert len(entropy.take(1)) == 1
