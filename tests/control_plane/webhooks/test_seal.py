import stat

import pytest

from bentos.contract.errors import ContractError
from control_plane.webhooks.seal import NAME, Seal, UnreadableError, load_seal, make_key

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))


def test_a_secret_opens_in_its_place_with_its_key_and_nowhere_else():
    seal = Seal([KEY])
    text = seal.close(b"secret", "here")
    assert "secret" not in text
    assert text != seal.close(b"secret", "here")
    assert seal.open(text, "here") == b"secret"
    with pytest.raises(UnreadableError, match="damaged"):
        seal.open(text, "there")
    with pytest.raises(UnreadableError, match=r"another webhooks\.key"):
        Seal([OTHER]).open(text, "here")


@pytest.mark.parametrize("cut", [0, 1, 5, 20, -1])
def test_a_damaged_one_does_not_open(cut):
    text = Seal([KEY]).close(b"secret", "here")
    with pytest.raises(UnreadableError):
        Seal([KEY]).open(text[:cut], "here")
    with pytest.raises(UnreadableError):
        Seal([KEY]).open(text[:-6] + ("AAAA" if text[-6:-2] != "AAAA" else "BBBB"), "here")


def test_the_key_can_be_rotated():
    old = Seal([KEY]).close(b"secret", "here")
    both = Seal([OTHER, KEY])
    assert both.open(old, "here") == b"secret"
    assert not both.is_newest(old)
    assert both.is_newest(both.close(b"secret", "here"))


def test_the_file_is_made_once_and_private(tmp_path):
    [path] = make_key(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = load_seal(tmp_path).close(b"secret", "here")
    assert make_key(tmp_path) == []
    assert load_seal(tmp_path).open(text, "here") == b"secret"


@pytest.mark.parametrize("content", ["", "abcd\n", "not hex\n", "ab" * 32 + "\nabcd\n"])
def test_a_file_that_holds_no_keys_is_refused(tmp_path, content):
    (tmp_path / NAME).write_text(content)
    with pytest.raises(ContractError, match=r"webhooks\.key"):
        load_seal(tmp_path)
    with pytest.raises(ContractError, match=r"webhooks\.key"):
        load_seal(tmp_path / "nowhere")
