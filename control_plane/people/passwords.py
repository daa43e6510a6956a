"""Passwords: what one must be like, and their argon2id digests. Knows no database.

Parameters: RFC 9106 §4, second recommended option (3 passes, 64 MiB, 4 lanes). What makes a
password good: NIST SP 800-63B §3.1.1.2 (length, no composition rules, nothing that is guessed
first).
"""

import base64
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY as PARAMETERS

from bentos.contract.errors import ContractError
from control_plane.errors import BusyError

MIN_CHARACTERS = 12
MAX_CHARACTERS = 200
MIN_DIFFERENT = 5
AT_ONCE = 2
"""Digests a process computes at the same time: each takes 64 MiB."""
WAIT_S = 10.0
ONE_TIME_GROUPS = 5
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_GUESSED_FIRST = ("password", "passwort", "qwerty", "123456", "letmein", "signalbox", "admin")
_hasher = PasswordHasher.from_parameters(PARAMETERS)
_turns = threading.BoundedSemaphore(AT_ONCE)


def check_password(password: str, person_id: str, field: str = "password") -> None:
    """Raise ContractError, which never repeats the password, unless it may be one."""
    text = _normal(password)
    if not MIN_CHARACTERS <= len(text) <= MAX_CHARACTERS:
        expected = f"{MIN_CHARACTERS} to {MAX_CHARACTERS} characters"
        raise ContractError(field, expected, len(text))
    if len(set(text)) < MIN_DIFFERENT:
        raise ContractError(field, f"at least {MIN_DIFFERENT} different characters", "fewer")
    rest = text.lower().replace(person_id.lower(), "")
    for word in _GUESSED_FIRST:
        rest = rest.replace(word, "")
    if len(rest) < MIN_CHARACTERS // 2:
        expected = "more than the person's id and words that are guessed first"
        raise ContractError(field, expected, "little else")


def new_one_time_password() -> str:
    """Five groups of four characters that are not mistaken for one another, 99 bits."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(ONE_TIME_GROUPS))
    return "-".join(groups)


def digest_of(password: str) -> str:
    """The encoded argon2id digest. Takes about 0.1 s: never while a transaction is open."""
    with _turn():
        return _hasher.hash(_normal(password))


def verify(digest: str | None, password: str) -> bool:
    """Whether this is the password; without a digest the same work is done for nothing.

    Raises BusyError when too many others are being verified.
    """
    with _turn():
        try:
            return _hasher.verify(digest or NOBODYS, _normal(password)) and digest is not None
        except (VerificationError, InvalidHashError):
            return False


def is_same(one: str, other: str) -> bool:
    """Whether two passwords in clear are the same one."""
    return _normal(one) == _normal(other)


def is_outdated(digest: str) -> bool:
    """Whether it was made with other parameters than are used now."""
    return _hasher.check_needs_rehash(digest)


def _nobodys() -> str:
    """A digest of today's parameters that no password has: its tag is all zeros."""
    salt = base64.b64encode(bytes(PARAMETERS.salt_len)).decode().rstrip("=")
    tag = base64.b64encode(bytes(PARAMETERS.hash_len)).decode().rstrip("=")
    assert PARAMETERS.type is Type.ID
    costs = f"m={PARAMETERS.memory_cost},t={PARAMETERS.time_cost},p={PARAMETERS.parallelism}"
    return f"$argon2id$v={PARAMETERS.version}${costs}${salt}${tag}"


def _normal(password: str) -> str:
    # The same password typed on another system may be composed of other code points.
    return unicodedata.normalize("NFKC", password)


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=WAIT_S):
        raise BusyError("too many are signing in at this moment; try again", 1)
    try:
        yield
    finally:
        _turns.release()


NOBODYS = _nobodys()
