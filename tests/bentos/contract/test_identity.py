import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract.errors import ContractError
from bentos.contract.identity import Pseudonymizer, check_targeting_key, named

KEY = bytes(range(32))
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NAME = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x1f"))


@pytest.mark.parametrize("key", ["a", "0", "123", " ", "😀" * 50, "a" * 200, "\u0000", "naïve"])
def test_targeting_key_is_given_back_unchanged(key):
    assert check_targeting_key(key) is key


@pytest.mark.parametrize(
    "key", [None, "", 0, 123, 1.5, True, [], ["a"], {}, b"a", "a" * 201, "😀" * 51, "\ud800"]
)
def test_anything_else_is_refused(key):
    with pytest.raises(ContractError) as caught:
        check_targeting_key(key, "parameters.targeting_key")
    assert caught.value.field == "parameters.targeting_key"


@given(TEXT)
def test_limit_counts_bytes_not_characters(key):
    size = len(key.encode())
    if 0 < size <= 200:
        assert check_targeting_key(key) == key
    else:
        with pytest.raises(ContractError):
            check_targeting_key(key)


@given(NAME, NAME, TEXT)
def test_pseudonym_is_the_agreed_hmac(shop, kind, identifier):
    message = b"\x1f".join(part.encode() for part in (shop, kind, identifier))
    expected = base64.b32encode(hmac.digest(KEY, message, hashlib.sha256))[:26].decode()
    assert Pseudonymizer("k1", KEY).pseudonym(shop, kind, identifier) == expected


def test_pseudonyms_differ_by_shop_kind_identifier_and_key():
    one = Pseudonymizer("k1", KEY)
    names = {
        one.pseudonym("s", "browser", "1"),
        one.pseudonym("s", "customer", "1"),
        one.pseudonym("t", "browser", "1"),
        one.pseudonym("s", "browser", "2"),
        Pseudonymizer("k2", KEY[::-1]).pseudonym("s", "browser", "1"),
    }
    assert len(names) == 5
    assert all(len(name) == 26 for name in names)


def test_identifier_may_hold_the_separator_but_shop_and_kind_may_not():
    pseudonymizer = Pseudonymizer("k1", KEY)
    assert pseudonymizer.pseudonym("s", "browser", "a\x1fb")
    for shop, kind in (("s\x1f", "browser"), ("s", "\x1fbrowser")):
        with pytest.raises(ContractError):
            pseudonymizer.pseudonym(shop, kind, "a")


def test_lone_surrogates_are_refused():
    with pytest.raises(ContractError):
        Pseudonymizer("k1", KEY).pseudonym("s", "browser", "\udc00")


def test_short_key_is_refused():
    with pytest.raises(ContractError, match="31 bytes"):
        Pseudonymizer("k1", KEY[:31])


def test_an_id_may_be_written_as_its_pseudonym():
    pseudonym = Pseudonymizer("k", bytes(32)).pseudonym("shop", "customer", "anna@example.com")
    assert named(f"pseudonym:{pseudonym}") == pseudonym


@pytest.mark.parametrize(
    "text", ["", "pseudonym:", "pseudonym:short", f"pseudonym:{'a' * 26}", f"pseudonym:{'A' * 27}"]
)
def test_anything_else_is_an_id_like_others(text):
    assert named(text) is None
