import stat

from bentos.contract.documents import DocumentName, RoutesBody
from gateway.auth import Authenticator
from gateway.documents import DocumentStore, load_public_key
from gateway.rate_limit import RateLimiter
from load_tests.documents import (
    RELEASE_ID,
    ServedModel,
    publish_document,
    write_gateway_home,
    write_models_home,
)
from load_tests.fraud_inputs import SCHEMA, SIGNATURE
from load_tests.wide_model import wide_schema, wide_signature

ADDRESSES = {"fraud:20260101-0000000a": "unix:/a", "fraud:20260101-0000000b": "unix:/b"}
SHADOWS = {"fraud:20260101-0000000c": "unix:/c"}


def accepted(home):
    bodies = {}
    store = DocumentStore(
        home / "gateway" / "documents",
        load_public_key(home / "keys" / "documents.pub"),
        lambda name, body, revision: bodies.update({name: body}),
    )
    store.load()
    assert store.refused == 0
    return bodies


def test_a_gateway_accepts_all_five(tmp_path):
    key = write_gateway_home(tmp_path, "shop", SIGNATURE, SCHEMA, ADDRESSES, 0.05)
    bodies = accepted(tmp_path)
    assert set(bodies) == set(DocumentName)
    (rule,) = bodies[DocumentName.ROUTES].features["model.fraud"]["rules"]
    assert rule["key"] == RELEASE_ID
    assert rule["ranges"] == [[0.05, 1], [0, 0.05]]
    authenticator = Authenticator("shop", RateLimiter(tmp_path / "shared", 0, 1))
    authenticator.replace(bodies[DocumentName.KEYS])
    principal = authenticator.authenticate({b"authorization": f"Bearer {key}".encode()})
    assert principal.id in bodies[DocumentName.KEYS].keys


def test_shadows_get_what_stable_answers(tmp_path):
    model = ServedModel(SIGNATURE, SCHEMA, ADDRESSES, 0.05, SHADOWS)
    write_models_home(tmp_path, "shop", [model])
    bodies = accepted(tmp_path)
    (rule,) = bodies[DocumentName.ROUTES].features["model.fraud"]["rules"]
    assert rule["variations"][0]["shadow"] == list(SHADOWS)
    assert set(bodies[DocumentName.ENDPOINTS].versions) == {*ADDRESSES, *SHADOWS}


def test_several_models_without_a_canary(tmp_path):
    models = [
        ServedModel(wide_signature(width), wide_schema(width), {f"wide{width}:v": "unix:/w"})
        for width in (8, 96)
    ]
    write_models_home(tmp_path, "shop", models)
    routes = accepted(tmp_path)[DocumentName.ROUTES].features
    assert set(routes) == {"model.wide8", "model.wide96"}
    assert not routes["model.wide8"].get("rules")


def test_a_document_published_later_is_newer(tmp_path):
    write_gateway_home(tmp_path, "shop", SIGNATURE, SCHEMA, ADDRESSES, 0.05)
    before = accepted(tmp_path)[DocumentName.KEYS]
    publish_document(tmp_path, DocumentName.ROUTES, RoutesBody(features={}))
    bodies = accepted(tmp_path)
    assert bodies[DocumentName.ROUTES].features == {}
    assert bodies[DocumentName.KEYS] == before


def test_private_keys_are_private(tmp_path):
    write_gateway_home(tmp_path, "shop", SIGNATURE, SCHEMA, ADDRESSES, 0.05)
    for name in ("documents.key", "pseudonym.key", "gateway.key"):
        assert stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) == 0o600
