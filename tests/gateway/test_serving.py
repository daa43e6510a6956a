"""A document is obeyed whole or not at all."""

import asyncio

import pytest

from bentos.contract import documents
from bentos.contract.documents import DocumentName
from bentos.contract.errors import ContractError
from bentos.shopify_secrets import ShopifySecrets
from gateway import serving
from gateway.documents import DocumentRefused
from gateway.errors import Unauthorized
from tests.gateway.installation import (
    CANARY,
    NARROW,
    OTHER_SECRET,
    SECRET,
    SHADOW,
    STABLE,
    keys_body,
    route,
)
from tests.gateway.shop import OLD_SECRET, storefront_keys, write_secret


def standing(gateway):
    """What the gateway serves with, down to where its lanes lead."""
    snapshot = gateway.serving.snapshot
    lanes = {version: (lane, set(lane.pool.workers)) for version, lane in snapshot.lanes.items()}
    return snapshot, lanes, asyncio.all_tasks()


def endpoints(**places):
    tags = {"stable": STABLE, "canary": CANARY, "shadow": SHADOW}
    versions = {tags[name]: tuple(where) for name, where in places.items()}
    return documents.EndpointsBody(versions=versions)


@pytest.fixture
def address(versions):
    return versions.start(NARROW)


async def test_addresses_of_which_one_is_unusable_lead_no_lane_anywhere(gateway, address, tmp_path):
    gateway.publish_all({STABLE: address, SHADOW: address}, route())
    await gateway.connected()
    before = standing(gateway)
    # One that moves, one that is new, one that leaves, and one that cannot be.
    elsewhere = f"unix:{tmp_path / 'elsewhere.sock'}"
    body = endpoints(stable=[elsewhere], canary=[address, "ftp://somewhere"])
    with pytest.raises(DocumentRefused, match="ftp://somewhere"):
        gateway.publish(DocumentName.ENDPOINTS, body)
    assert standing(gateway) == before
    assert (await gateway.predict()).status_code == 200
    gateway.publish(DocumentName.ENDPOINTS, endpoints(stable=[address], canary=[address]))
    await gateway.connected()
    assert set(gateway.serving.snapshot.lanes) == {STABLE, CANARY}


async def test_what_fails_after_the_lanes_were_planned_leaves_them_as_they_are(
    gateway, address, monkeypatch
):
    gateway.publish_all({STABLE: address}, route())
    await gateway.connected()
    before = standing(gateway)

    def broken(*_):
        raise ContractError("routes", "ones that compile", "others")

    monkeypatch.setattr(serving, "compile_routes", broken)
    with pytest.raises(DocumentRefused, match="ones that compile"):
        gateway.publish(DocumentName.ENDPOINTS, endpoints(canary=[address]))
    assert standing(gateway) == before


async def test_keys_of_which_a_part_fails_are_none_of_them_in_force(gateway, monkeypatch):
    write_secret(gateway.publisher.home)
    gateway.publish(DocumentName.KEYS, storefront_keys())
    caller = {b"authorization": f"Bearer sbx_aaaaaaaaaaaa_{SECRET}".encode()}
    slow = {b"authorization": f"Bearer sbx_eeeeeeeeeeee_{OTHER_SECRET}".encode()}
    apps = gateway.serving.shopify._apps
    keys = {name: key for name, key in keys_body().keys.items() if name != "aaaaaaaaaaaa"}

    def broken(*_):
        raise ArithmeticError("no such secret")

    with monkeypatch.context() as patch:
        patch.setattr(ShopifySecrets, "of", broken)
        body = documents.KeysBody(keys=keys, shopify=storefront_keys().shopify)
        with pytest.raises(DocumentRefused, match="no such secret"):
            gateway.publish(DocumentName.KEYS, body)
    authenticate = gateway.serving.authenticator.authenticate
    assert authenticate(caller).id == "aaaaaaaaaaaa"
    assert gateway.serving.shopify._apps is apps

    # The other way round: the doors are good, a key is not.
    write_secret(gateway.publisher.home, text=OLD_SECRET)
    never = documents.CallerKey(digest="", shop="demo-shop", name="x", expires_at="never")
    body = documents.KeysBody(keys={**keys, "0" * 12: never}, shopify=storefront_keys().shopify)
    with pytest.raises(DocumentRefused, match="never"):
        gateway.publish(DocumentName.KEYS, body)
    assert authenticate(caller).id == "aaaaaaaaaaaa"
    assert gateway.serving.shopify._apps is apps

    gateway.publish(DocumentName.KEYS, documents.KeysBody(keys=keys))
    with pytest.raises(Unauthorized):
        authenticate(caller)
    assert authenticate(slow).id == "eeeeeeeeeeee"
    assert gateway.serving.shopify._apps == ()
