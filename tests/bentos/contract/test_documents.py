import json
from pathlib import Path

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from bentos.contract.documents import (
    BODY_TYPES,
    CallerKey,
    DocumentHeader,
    DocumentName,
    KeysBody,
    KillBody,
    KillEntry,
    Revision,
    RoutesBody,
    ShopifyApp,
    decode_body,
    encode_body,
    parse_revision,
    signing_input,
)
from bentos.contract.errors import ContractError

NAMES = st.sampled_from(list(DocumentName))
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
GOLDEN = json.loads(
    (Path(__file__).parents[2] / "golden" / "documents.json").read_text(encoding="utf-8")
)["documents"]
HEADER = DocumentHeader(
    name=DocumentName.KILL,
    revision=Revision(1, 2),
    digest="0" * 64,
    size=3,
    at="2026-11-22T08:30:00.000000Z",
    key_id="k",
)


@given(st.integers(0, 10**14), st.integers(0, 10**14))
def test_revision_reads_back(epoch, number):
    assert parse_revision(str(Revision(epoch, number))) == Revision(epoch, number)


def test_revisions_are_ordered_by_epoch_first():
    assert Revision(1, 99) < Revision(2, 1) < Revision(2, 2)


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.", ".1", "1.2.3", "-1.2", "1.-2", "١.٢", "1 .2", "1.2\n", "9" * 5000 + ".1"],
)
def test_other_revisions_are_refused(text):
    with pytest.raises(ContractError, match="revision"):
        parse_revision(text)


def test_signature_covers_every_member_but_itself():
    signature = KEY.sign(signing_input(HEADER))
    KEY.public_key().verify(signature, signing_input(HEADER))
    signed = msgspec.structs.replace(HEADER, signature="c2ln")
    assert signing_input(signed) == signing_input(HEADER)
    others = {
        "name": DocumentName.KEYS,
        "revision": Revision(2, 2),
        "digest": "1" * 64,
        "size": 4,
        "at": "2026-11-22T08:30:00.000001Z",
        "key_id": "l",
        "schema": 2,
    }
    assert set(others) | {"signature"} == set(HEADER.__struct_fields__)
    for name, value in others.items():
        changed = msgspec.structs.replace(HEADER, **{name: value})
        with pytest.raises(InvalidSignature):
            KEY.public_key().verify(signature, signing_input(changed))


def test_signing_input_has_a_context_of_its_own():
    assert signing_input(HEADER).startswith(b"signalbox document v1\n{")


def test_header_reads_back_from_the_stream():
    assert msgspec.json.decode(msgspec.json.encode(HEADER), type=DocumentHeader) == HEADER


@pytest.mark.parametrize("name", list(DocumentName))
def test_empty_body_reads_back(name):
    body = BODY_TYPES[name]()
    assert decode_body(name, encode_body(body)) == body
    assert decode_body(name, b"{}") == body


def test_equal_bodies_have_equal_bytes():
    one = {
        "a": KillEntry(id="1", version="v", reason="r"),
        "b": KillEntry(id="2", version="v", reason=""),
    }
    other = dict(reversed(one.items()))
    assert encode_body(KillBody(models=one)) == encode_body(KillBody(models=other))


def test_unknown_member_of_a_newer_control_plane_is_ignored():
    assert decode_body(DocumentName.ROUTES, b'{"features":{},"later":[1]}') == RoutesBody()


@pytest.mark.parametrize(
    ("name", "data", "field"),
    [
        ("kill", b'{"models":{"a":{"id":"1","version":"v"}}}', "document kill.models[...].reason"),
        ("kill", b'{"models":[]}', "document kill.models"),
        ("routes", b'{"features":1}', "document routes.features"),
        ("endpoints", b'{"versions":{"v":"unix:/a"}}', "document endpoints.versions[...]"),
        ("schemas", b'{"attributes":{"a":"date"}}', "document schemas.attributes[...]"),
        ("keys", b'{"keys":{"a":{}}}', "document keys.keys[...].digest"),
        ("keys", b"", "document keys"),
        ("keys", b'{"keys":{"a\xff":1}}', "document keys"),
        ("routes", b'{"features":{"a":' + b"[" * 100_000, "document routes"),
    ],
)
def test_malformed_body_is_refused_by_field(name, data, field):
    with pytest.raises(ContractError) as caught:
        decode_body(DocumentName(name), data)
    assert caught.value.field == field


@given(NAMES, st.binary() | st.text().map(str.encode))
@example(DocumentName.KILL, b'{"models":{"a":1e999}}')
def test_nothing_but_contract_error_leaves_the_decoder(name, data):
    try:
        decode_body(name, data)
    except ContractError:
        return


@given(NAMES, st.data())
def test_any_damaged_byte_is_refused_or_read(name, data):
    body = bytearray(GOLDEN[name.value]["body"].encode())
    index = data.draw(st.integers(0, len(body) - 1))
    body[index] = data.draw(st.integers(0, 255))
    try:
        decode_body(name, bytes(body))
    except ContractError:
        return


VALUE = {"serve": "fraud:a", "shadow": []}


@pytest.mark.parametrize(
    "feature",
    [
        {"defaultValue": VALUE},
        {"defaultValue": {"serve": "fraud:a", "later": 1}},
        {"defaultValue": VALUE, "rules": [{"force": VALUE}, {"variations": [VALUE]}, {}]},
    ],
)
def test_feature_with_the_shape_of_a_route_is_taken(feature):
    data = json.dumps({"features": {"model.fraud": feature, "other": 7}}).encode()
    assert decode_body(DocumentName.ROUTES, data).features["model.fraud"] == feature


@pytest.mark.parametrize(
    "feature",
    [
        None,
        [],
        {},
        {"defaultValue": None},
        {"defaultValue": "fraud:a"},
        {"defaultValue": {"serve": ""}},
        {"defaultValue": {"serve": "fraud:a", "shadow": "fraud:b"}},
        {"defaultValue": {"serve": "fraud:a", "shadow": [1]}},
        {"defaultValue": VALUE, "rules": {}},
        {"defaultValue": VALUE, "rules": [1]},
        {"defaultValue": VALUE, "rules": [{"force": None}]},
        {"defaultValue": VALUE, "rules": [{"variations": [VALUE, {}]}]},
        {"defaultValue": VALUE, "rules": [{"variations": 1}]},
    ],
)
def test_feature_of_another_shape_is_refused(feature):
    data = json.dumps({"features": {"model.fraud": feature}}).encode()
    with pytest.raises(ContractError, match=r"document routes\.features\.model\.fraud"):
        decode_body(DocumentName.ROUTES, data)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"signatures": {}}, "document schemas.versions.fraud:20261122-1a2b3c4d.signature"),
        ({"features": {}}, "document schemas.versions.fraud:20261122-1a2b3c4d.features"),
        ({"signatures": {}, "versions": {}}, "document schemas.current.fraud"),
        ({"signatures": {}, "versions": {}, "current": {}}, None),
    ],
)
def test_schemas_name_only_what_they_hold(changes, field):
    body = json.loads(GOLDEN["schemas"]["body"]) | changes
    if field == "document schemas.versions.fraud:20261122-1a2b3c4d.signature":
        body["current"] = {}
    data = json.dumps(body).encode()
    if field is None:
        decode_body(DocumentName.SCHEMAS, data)
        return
    with pytest.raises(ContractError) as caught:
        decode_body(DocumentName.SCHEMAS, data)
    assert caught.value.field == field


def test_keys_without_storefront_doors_have_the_bytes_they_always_had():
    body = KeysBody(keys={"a": CallerKey(digest="d", shop="s", name="n")})
    members = json.loads(encode_body(body))
    assert set(members) == {"keys", "schema"}
    assert "origins" not in members["keys"]["a"]


def test_storefront_doors_survive_their_document():
    app = ShopifyApp(shop="s", domain="s.myshopify.com", secrets=("file:a",), proxy_models=("m",))
    key = CallerKey(
        digest="d", shop="s", name="n", scopes=("browser",), origins=("https://s.example",)
    )
    body = KeysBody(keys={"a": key}, shopify={"client": app})
    assert decode_body(DocumentName.KEYS, encode_body(body)) == body
