"""Callers in memory: what a new keys document changes, and what a remembered key does not."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from bentos.contract.documents import CallerKey, KeysBody
from gateway.auth import MAX_SEEN, MAX_SEEN_BYTES, Authenticator
from gateway.errors import Forbidden, TooManyRequests, Unauthorized
from gateway.rate_limit import RateLimiter

SECRET = "s" * 43
NEW = "n" * 43
ORIGIN = b"https://shop.example"


def key(secret=SECRET, **changes):
    digest = hashlib.sha256(secret.encode()).hexdigest()
    return CallerKey(**{"digest": digest, "shop": "demo-shop", "name": "k", **changes})


def header(identifier="aaaaaaaaaaaa", secret=SECRET, **more):
    return {b"authorization": f"Bearer sbx_{identifier}_{secret}".encode(), **more}


@pytest.fixture
def authenticator(tmp_path):
    def make(**keys):
        made = Authenticator("demo-shop", RateLimiter(tmp_path, 0, 1))
        made.replace(KeysBody(keys=keys))
        return made

    return make


def test_two_keys_live_until_the_first_is_revoked(authenticator):
    made = authenticator(aaaaaaaaaaaa=key(), bbbbbbbbbbbb=key(NEW))
    old, new = header(), header("bbbbbbbbbbbb", NEW)
    for _ in range(2):
        assert made.authenticate(old).id == "aaaaaaaaaaaa"
        assert made.authenticate(new).id == "bbbbbbbbbbbb"
    made.replace(KeysBody(keys={"bbbbbbbbbbbb": key(NEW)}))
    assert made.authenticate(new).id == "bbbbbbbbbbbb"
    with pytest.raises(Unauthorized, match="unknown"):
        made.authenticate(old)


def test_a_remembered_key_still_expires(authenticator, monkeypatch):
    soon = datetime.now(UTC) + timedelta(hours=1)
    made = authenticator(aaaaaaaaaaaa=key(expires_at=soon.isoformat()))
    made.authenticate(header())
    monkeypatch.setattr("gateway.auth.time.time", soon.timestamp)
    with pytest.raises(Unauthorized, match="expired"):
        made.authenticate(header())


def test_a_remembered_key_still_has_its_rate(authenticator):
    made = authenticator(aaaaaaaaaaaa=key(rate=2))
    outcomes = []
    for _ in range(6):
        try:
            outcomes.append(made.authenticate(header()).id)
        except TooManyRequests:
            outcomes.append("429")
    assert outcomes.count("429") >= 3
    assert outcomes[:2] == ["aaaaaaaaaaaa"] * 2


def test_a_key_s_scope_and_models_follow_the_document(authenticator):
    made = authenticator(aaaaaaaaaaaa=key())
    made.authenticate(header()).require("infer", "fraud")
    made.replace(KeysBody(keys={"aaaaaaaaaaaa": key(models=("pricing",))}))
    with pytest.raises(Forbidden, match="fraud"):
        made.authenticate(header()).require("infer", "fraud")


def test_refused_headers_are_not_remembered(authenticator):
    made = authenticator(aaaaaaaaaaaa=key())
    for number in range(5):
        with pytest.raises(Unauthorized):
            made.authenticate(header(secret=f"{number}" * 43))
    assert not made._seen


def test_spellings_of_one_key_are_bounded(authenticator):
    made = authenticator(aaaaaaaaaaaa=key())
    for number in range(MAX_SEEN + 10):
        text = header()[b"authorization"] + b" " * number
        assert made.authenticate({b"authorization": text}).id == "aaaaaaaaaaaa"
    assert len(made._seen) <= MAX_SEEN


def test_a_padded_spelling_is_let_in_but_takes_no_memory(authenticator):
    made = authenticator(aaaaaaaaaaaa=key())
    for number in range(10):
        text = header()[b"authorization"] + b" " * (8000 + number)
        assert made.authenticate({b"authorization": text}).id == "aaaaaaaaaaaa"
    assert not [spelling for spelling in made._seen if len(spelling) > MAX_SEEN_BYTES]


@pytest.mark.parametrize("origin", [None, b"", b"null", b"https://evil.example", ORIGIN + b"/"])
def test_a_publishable_key_is_for_its_pages_alone(authenticator, origin):
    made = authenticator(aaaaaaaaaaaa=key(scopes=("browser",), origins=(ORIGIN.decode(),)))
    principal = made.authenticate(header() | {b"origin": ORIGIN})
    assert principal.storefront
    headers = header() if origin is None else header() | {b"origin": origin}
    with pytest.raises(Forbidden, match="origin"):
        made.authenticate(headers)


def test_a_publishable_key_never_means_all_models(authenticator):
    made = authenticator(
        aaaaaaaaaaaa=key(scopes=("browser",), origins=(ORIGIN.decode(),), models=("*",))
    )
    principal = made.authenticate(header() | {b"origin": ORIGIN})
    with pytest.raises(Forbidden, match="fraud"):
        principal.require("infer", "fraud")


def test_a_key_without_origins_opens_no_page(authenticator):
    made = authenticator(aaaaaaaaaaaa=key(scopes=("browser",)))
    assert made.origins == frozenset()
    with pytest.raises(Forbidden):
        made.authenticate(header() | {b"origin": ORIGIN})
