"""The contract's records still have the bytes, digests and signatures that were agreed on."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from bentos.contract import (
    decision,
    documents,
    merkle,
    oip,
    online_store,
    register,
    route,
    segment,
)
from bentos.contract.bento_digest import bento_digest
from bentos.contract.decision import Decision, PersonalPart, ShadowOutcome
from bentos.contract.documents import DocumentHeader, DocumentName
from bentos.contract.features import FeatureSchema, check_schema
from bentos.contract.identity import Pseudonymizer
from bentos.contract.manifest import Manifest, check_manifest
from bentos.contract.signature import ModelSignature

GOLDEN = Path(__file__).resolve().parent
NAMES = sorted(path.name for path in GOLDEN.glob("*.json"))


def read(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text(encoding="utf-8"))


def test_every_file_is_computed_and_every_computed_file_is_there(regenerate):
    assert sorted(regenerate.FILES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_recomputed_file_equals_the_kept_one(regenerate, name):
    kept = (GOLDEN / name).read_text(encoding="utf-8")
    assert regenerate.render(name) == kept, (
        f"{name} differs: the contract changed. If that is meant, and readers of the old form "
        "stay, run: python -m tests.golden.regenerate"
    )


@pytest.mark.parametrize("name", list(DocumentName))
def test_kept_document_still_verifies(name):
    kept = read("documents.json")
    entry = kept["documents"][name.value]
    header = msgspec.convert(entry["header"], DocumentHeader)
    body = entry["body"].encode()
    public = load_pem_public_key(kept["public_key"].encode())
    assert isinstance(public, Ed25519PublicKey)
    public.verify(base64.b64decode(header.signature), documents.signing_input(header))
    assert header.digest == hashlib.sha256(body).hexdigest()
    assert header.size == len(body)
    assert documents.encode_body(documents.decode_body(name, body)) == body


def test_kept_decision_still_has_its_leaf():
    kept = read("decision.json")
    public = msgspec.convert(kept["public"], Decision)
    personal = msgspec.convert(kept["personal"], PersonalPart)
    msgspec.convert(kept["shadow"], ShadowOutcome)
    assert decision.commitment(personal) == kept["commitment"] == public.commitment
    assert decision.leaf(public).hex() == kept["leaf"]


def test_kept_register_event_still_has_its_leaf():
    kept = read("register.json")
    event = msgspec.convert(kept["event"], register.RegisterEvent)
    assert register.leaf(event).hex() == kept["leaf"]


def test_kept_manifest_still_has_its_digests():
    kept = read("manifest.json")
    manifest = msgspec.convert(kept["manifest"], Manifest)
    check_manifest(manifest)
    assert manifest.digest() == kept["digest"]
    assert manifest.signature.digest() == kept["signature_digest"]
    assert manifest.features.digest() == kept["schema_digest"]


def test_kept_routes_still_compile_to_the_same_features():
    kept = read("route.json")
    routes = msgspec.convert(kept["routes"], tuple[route.Route, ...])
    assert route.compile_features(routes) == kept["features"]


@pytest.mark.parametrize("name", ["segment.json", "brief_segment.json"])
def test_kept_segment_still_reads(tmp_path, name):
    kept = read(name)
    path = tmp_path / "one.segment"
    path.write_bytes(bytes.fromhex(kept["bytes"]))
    frames = list(segment.read_frames(path))
    leaves = [leaf_of(frame) for frame in frames if isinstance(frame, segment.DecisionFrame)]
    assert len(frames) == kept["frames"]
    assert merkle.merkle_root(leaves).hex() == kept["root"]


def leaf_of(frame):
    promise = decision.commitment(frame.personal)
    return decision.leaf(msgspec.structs.replace(frame.decision, commitment=promise))


def test_kept_pseudonyms_still_come_out():
    kept = read("pseudonym.json")
    pseudonymizer = Pseudonymizer("k1", bytes.fromhex(kept["key"]))
    for shop, kind, identifier, expected in kept["vectors"]:
        assert pseudonymizer.pseudonym(shop, kind, identifier) == expected


def test_kept_online_store_still_reads():
    kept = read("online_store.json")
    record = online_store.decode_record(bytes.fromhex(kept["value"]), "kept")
    assert record.fields == {
        "spend": 12.5, "orders_30d": 3, "last_products": [7, 9], "returns": None
    }  # fmt: skip
    generation = online_store.decode_generation(kept["generation"].encode(), "kept")
    assert generation.views["shopper_orders@3"].entity == "shopper"
    schema = msgspec.convert(kept["features"], FeatureSchema)
    signature = msgspec.convert(kept["signature"], ModelSignature)
    check_schema(schema, signature)
    assert (schema.digest(), signature.digest()) == (
        kept["features_digest"], kept["signature_digest"]
    )  # fmt: skip
    assert bytes.fromhex(kept["key"]).startswith(online_store.key_prefix(schema.views[0]))


def test_kept_messages_still_decode():
    kept = {name: (bytes.fromhex(m["body"]), m["json"]) for name, m in read("oip.json").items()}
    body, size = kept["request"]
    request = oip.decode_request(body, str(size))
    assert bytes(request.inputs[0].raw) == b"\0\0\x80?\0\0\0@"
    assert request.inputs[1].data == ["ä"]
    assert oip.wants_binary(request, "probability")
    body, size = kept["response"]
    assert oip.decode_response(body, str(size)).parameters["revision"] == "1.17"


def test_kept_bento_digest_still_comes_out():
    kept = read("bento_digest.json")
    files = {path: bytes.fromhex(content) for path, content in kept["files"].items()}
    assert bento_digest(files) == kept["digest"]
