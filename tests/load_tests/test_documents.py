import stat

from bentos.contract.documents import DocumentName
from bentos.fraud.schema import SCHEMA, SIGNATURE
from gateway.auth import Authenticator
from gateway.documents import DocumentStore, load_public_key
from gateway.rate_limit import RateLimiter
from load_tests.documents import RELEASE_ID, write_gateway_home

ADDRESSES = {"fraud:20260101-0000000a": "unix:/a", "fraud:20260101-0000000b": "unix:/b"}


def test_a_gateway_accepts_all_five(tmp_path):
    key = write_gateway_home(tmp_path, "shop", SIGNATURE, SCHEMA, ADDRESSES, 0.05)
    bodies = {}
    store = DocumentStore(
        tmp_path / "gateway" / "documents",
        load_public_key(tmp_path / "keys" / "documents.pub"),
        lambda name, body, revision: bodies.update({name: body}),
    )
    store.load()
    assert store.refused == 0
    assert set(bodies) == set(DocumentName)
    (rule,) = bodies[DocumentName.ROUTES].features["model.fraud"]["rules"]
    assert rule["key"] == RELEASE_ID
    assert rule["ranges"] == [[0.05, 1], [0, 0.05]]
    authenticator = Authenticator("shop", RateLimiter(tmp_path / "shared", 0, 1))
    authenticator.replace(bodies[DocumentName.KEYS])
    principal = authenticator.authenticate({b"authorization": f"Bearer {key}".encode()})
    assert principal.id in bodies[DocumentName.KEYS].keys


def test_private_keys_are_private(tmp_path):
    write_gateway_home(tmp_path, "shop", SIGNATURE, SCHEMA, ADDRESSES, 0.05)
    for name in ("documents.key", "pseudonym.key", "gateway.key"):
        assert stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) == 0o600
