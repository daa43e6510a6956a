import base64
import json
import time

import pytest
from joserfc.jwk import RSAKey

from bentos.contract.errors import ContractError
from control_plane.errors import BusyError, ProviderError, UnauthorizedError
from control_plane.people import provider as module
from control_plane.people.oidc_settings import OidcSettings
from control_plane.people.provider import Exchange, Provider, make_provider

BACK = "http://127.0.0.1:8081/api/v1/session/oidc/callback"
VERIFIER, NONCE = "v" * 43, "n" * 43


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def settings(bad_provider, tmp_path):
    secret = tmp_path / "client.secret"
    secret.write_text("a client's secret\n")
    return OidcSettings(
        oidc_issuer=bad_provider.issuer, oidc_client_id="signalbox", oidc_client_secret_file=secret
    )


@pytest.fixture
def provider(settings, clock):
    return Provider(settings, clock)


def sign_in(provider, bad_provider, verifier=VERIFIER, nonce=NONCE):
    url = provider.authorization_url(
        redirect_uri=BACK, state="state", nonce=NONCE, verifier=VERIFIER
    )
    back = bad_provider.authorize(url)
    return provider.claims(Exchange(back["code"], BACK, verifier, nonce))


def test_a_good_answer_is_taken(provider, bad_provider):
    assert sign_in(provider, bad_provider)["sub"] == "subject-1"


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://evil.example"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "another"}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": ["signalbox", "another"]}, "azp"),
        ({"aud": ["signalbox", "another"], "azp": "another"}, "azp"),
        ({"exp": lambda: int(time.time()) - 60}, "expired"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"iat": lambda: int(time.time()) + 600}, "issued in the future"),
        ({"nbf": lambda: int(time.time()) + 600}, "not yet valid"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"sub": None}, "sub"),
        ({"sub": 7}, "sub"),
        ({"sub": "x" * 201}, "sub"),
        ({"at_hash": "AAAA"}, "at_hash"),
    ],
)
def test_a_token_that_says_something_else_is_refused(provider, bad_provider, claims, why):
    # Times count from now: whole runs of all tests take longer than ten minutes.
    bad_provider.claims = {k: v() if callable(v) else v for k, v in claims.items()}
    with pytest.raises(UnauthorizedError, match=why):
        sign_in(provider, bad_provider)


def encoded(part):
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def unsigned(bad_provider, alg):
    claims = bad_provider.token(NONCE).split(".")[1]
    return f"{encoded({'alg': alg})}.{claims}."


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "RS256", ""])
def test_a_token_nobody_signed_is_refused(provider, bad_provider, alg):
    bad_provider.raw_token = unsigned(bad_provider, alg)
    with pytest.raises(UnauthorizedError, match="sign"):
        sign_in(provider, bad_provider)


def test_a_public_key_is_no_shared_secret(provider, bad_provider):
    bad_provider.sign_with_the_public_key()
    with pytest.raises(UnauthorizedError, match="signature"):
        sign_in(provider, bad_provider)


@pytest.mark.parametrize("kid", ["one", "two"])
def test_a_strangers_key_is_refused(provider, bad_provider, kid):
    bad_provider.signing_key = RSAKey.generate_key(2048)
    bad_provider.header = {"alg": "RS256", "kid": kid}
    with pytest.raises(UnauthorizedError, match=r"signature|not the provider's"):
        sign_in(provider, bad_provider)


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 1000, "é.é.é", "..", "{}"])
def test_what_is_no_token_is_refused(provider, bad_provider, token):
    bad_provider.raw_token = token or " "
    with pytest.raises(UnauthorizedError):
        sign_in(provider, bad_provider)


def test_a_changed_key_is_asked_for_once(provider, bad_provider, clock):
    sign_in(provider, bad_provider)
    two = RSAKey.generate_key(2048, {"kid": "two"})
    bad_provider.published = [bad_provider.key, two]
    bad_provider.signing_key, bad_provider.header = two, {"alg": "RS256", "kid": "two"}
    clock.now += module.KEYS_AGAIN_S
    sign_in(provider, bad_provider)
    assert bad_provider.asked.count("/keys") == 2
    # Made-up keys do not make us ask every time.
    bad_provider.header = {"alg": "RS256", "kid": "three"}
    for _ in range(3):
        with pytest.raises(UnauthorizedError):
            sign_in(provider, bad_provider)
    assert bad_provider.asked.count("/keys") == 2


def test_a_token_that_names_no_key_may_be_signed_with_a_new_one(provider, bad_provider, clock):
    sign_in(provider, bad_provider)
    new = RSAKey.generate_key(2048)
    bad_provider.published, bad_provider.signing_key = [new], new
    bad_provider.header = {"alg": "RS256"}
    clock.now += module.KEYS_AGAIN_S
    assert sign_in(provider, bad_provider)["sub"] == "subject-1"


def test_a_code_without_its_verifier_is_refused(provider, bad_provider):
    with pytest.raises(UnauthorizedError, match="does not take the code"):
        sign_in(provider, bad_provider, verifier="w" * 43)


def test_a_wrong_client_secret_is_ours_to_mend(settings, bad_provider, tmp_path):
    (tmp_path / "client.secret").write_text("another")
    with pytest.raises(ProviderError, match="SIGNALBOX_OIDC_CLIENT_SECRET_FILE"):
        sign_in(Provider(settings), bad_provider)


def test_a_token_made_for_another_sign_in_is_refused(provider, bad_provider):
    with pytest.raises(UnauthorizedError, match="nonce"):
        sign_in(provider, bad_provider, nonce="another")


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"issuer": "http://127.0.0.1:1"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"userinfo_endpoint": "ftp://evil.example"},
    ],
)
def test_a_provider_that_is_not_the_one_is_refused(provider, bad_provider, metadata):
    bad_provider.metadata = metadata
    with pytest.raises(ProviderError):
        provider.metadata()


def test_what_the_token_lacks_is_asked_of_the_user_info(settings, bad_provider):
    settings = settings.model_copy(update={"oidc_role_claim": "groups"})
    bad_provider.user_info = {"groups": ["ops"], "iss": "https://evil.example"}
    claims = sign_in(Provider(settings), bad_provider)
    assert claims["groups"] == ["ops"]
    assert claims["iss"] == bad_provider.issuer
    bad_provider.user_info = {"groups": ["ops"], "sub": "somebody else"}
    with pytest.raises(UnauthorizedError, match="somebody else"):
        sign_in(Provider(settings), bad_provider)


def test_a_failing_provider_is_left_alone_for_a_while(provider, bad_provider, clock):
    bad_provider.broken = True
    for _ in range(3):
        with pytest.raises(ProviderError, match="passwords and keys go on working"):
            provider.metadata()
    assert len(bad_provider.asked) == 1
    bad_provider.broken = False
    clock.now += module.REST_S
    assert provider.metadata()["issuer"] == bad_provider.issuer


def test_a_provider_that_is_away_is_told_in_words(settings):
    gone = settings.model_copy(update={"oidc_issuer": "http://127.0.0.1:9"})
    with pytest.raises(ProviderError, match="cannot be reached"):
        Provider(gone).metadata()


def test_an_answer_without_end_is_cut_off(provider, bad_provider, monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    with pytest.raises(ProviderError, match="cannot be reached"):
        provider.metadata()


def test_only_so_many_ask_at_once(provider, bad_provider):
    for _ in range(module.AT_ONCE):
        provider._turns.acquire()
    with pytest.raises(BusyError):
        provider.metadata()
    for _ in range(module.AT_ONCE):
        provider._turns.release()
    provider.metadata()


@pytest.mark.parametrize(
    "wrong",
    [
        {"oidc_issuer": "http://provider.example"},
        {"oidc_client_id": ""},
        {"oidc_scopes": "profile"},
        {"oidc_roles": {"ops": "service"}},
        {"oidc_roles": {"ops": "king"}},
        {"oidc_auto_provision": True},
    ],
)
def test_unsafe_settings_are_refused(settings, wrong):
    with pytest.raises(ValueError, match=r"oidc|OIDC"):
        OidcSettings(**(settings.model_dump() | wrong))


def test_half_set_is_refused_at_the_start(settings, tmp_path):
    assert make_provider(OidcSettings(), None) is None
    with pytest.raises(ContractError, match="SIGNALBOX_PUBLIC_URL"):
        make_provider(settings, None)
    lost = settings.model_copy(update={"oidc_client_secret_file": tmp_path / "none"})
    with pytest.raises(ContractError, match="SECRET_FILE"):
        make_provider(lost, "http://127.0.0.1:8081")
