import threading

import pytest
from argon2 import PasswordHasher, extract_parameters

from bentos.contract.errors import ContractError
from control_plane.errors import BusyError
from control_plane.people import passwords

GOOD = "correct horse battery"


def test_the_parameters_are_those_of_rfc_9106():
    digest = passwords.digest_of(GOOD)
    found = extract_parameters(digest)
    assert digest.startswith("$argon2id$")
    assert (found.time_cost, found.memory_cost, found.parallelism) == (3, 65536, 4)
    assert (found.salt_len, found.hash_len) == (16, 32)
    assert passwords.verify(digest, GOOD)
    assert not passwords.verify(digest, GOOD + "x")
    # The work for nobody is the same work, and nobody's password is any.
    assert extract_parameters(passwords.NOBODYS) == found
    assert not passwords.verify(None, GOOD)


def test_a_digest_of_other_parameters_is_outdated():
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD)
    assert passwords.is_outdated(cheap)
    assert passwords.verify(cheap, GOOD)
    assert not passwords.is_outdated(passwords.NOBODYS)


def test_the_same_characters_composed_otherwise_are_the_same_password():
    assert passwords.is_same("straße caf\u00e9 nord", "straße cafe\u0301 nord")
    assert not passwords.is_same(GOOD, GOOD.upper())


@pytest.mark.parametrize(
    "password", [GOOD, "x8" * 3 + "hg kl qw", "p" * 8 + "assé tro", "я не скажу тебе"]
)
def test_long_ones_will_do(password):
    passwords.check_password(password, "ada")


@pytest.mark.parametrize(
    "password",
    ["", "elevenchars", "a" * 40, "abababababab", "signalbox1234", "adaadaadaada1234", "x" * 201],
)
def test_short_or_guessed_ones_will_not_and_are_not_repeated(password):
    with pytest.raises(ContractError) as caught:
        passwords.check_password(password, "ada", "new_password")
    assert caught.value.field == "new_password"
    assert not password or password not in str(caught.value)


def test_one_time_passwords_differ_and_are_good_ones():
    made = {passwords.new_one_time_password() for _ in range(50)}
    assert len(made) == 50
    for each in made:
        passwords.check_password(each, "admin")


def test_no_more_than_so_many_are_computed_at_once(monkeypatch):
    monkeypatch.setattr(passwords, "WAIT_S", 0.01)
    monkeypatch.setattr(passwords, "_turns", threading.BoundedSemaphore(1))
    with passwords._turn(), pytest.raises(BusyError):
        passwords.verify(None, GOOD)
    assert not passwords.verify(None, GOOD)


def test_a_broken_digest_is_no_password():
    assert not passwords.verify("$argon2id$nonsense", GOOD)
