"""What the merchant hands over: everything of one person, nothing of another."""

import io
import json
import shutil
import zipfile

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from control_plane.redactions.note import data_request_path
from control_plane.shopify.effects import put_order
from control_plane.shopify.inbox import open_inbox, transaction
from control_plane.shopify.kept import Line, Order
from control_plane.shopify.place import Place
from tests.control_plane.decisions.gateway_stand_in import GatewayStandIn
from tests.control_plane.redactions.conftest import DOMAIN, URL

pytestmark = pytest.mark.acceptance
SHOP = "demo-shop"


def order(number, customer):
    line = Line(1, None, 1, 5.0, 5.0)
    return Order(number, 10**15, 10**15, 0, customer, (line,), "EUR", None, None, None, None, False)


@pytest.fixture
def held(plane, names, tmp_path, shop):
    """Two customers in the inbox, in tables of training and in decisions; (theirs, the other's)."""
    gateway = GatewayStandIn(plane, tmp_path)
    shop.bootstrap()
    mine, other = (gateway.pseudonymizer.pseudonym(SHOP, "customer", n) for n in ("71", "72"))
    connection = open_inbox(plane.home / "ingress" / "inbox.db")
    with transaction(connection):
        for number, customer in ((11, mine), (12, other)):
            at = Place(DOMAIN, SHOP, "2026-01-01T00:00:00.000000Z")
            put_order(connection, at, order(number, customer))
        for number, customer in ((13, mine), (14, other)):
            kept = msgspec.json.encode(order(number, customer)).decode()
            connection.execute(
                "INSERT INTO delivery (client_id, webhook_id, topic, shop, domain, received_at,"
                " state, kept) VALUES ('', ?, 'orders/create', ?, ?, '2026-01-01T00:00:00Z', 3, ?)",
                (str(number), SHOP, DOMAIN, kept),
            )
    connection.close()
    folder = plane.home / "lake" / "shop-tables"
    folder.mkdir(parents=True)
    pq.write_table(
        pa.table({"order_id": [11, 12], "customer_id": [mine, other], "paid": [1.5, 2.5]}),
        folder / "orders.parquet",
    )
    pq.write_table(pa.table({"order_id": [12, 11], "sku": ["b", "a"]}), folder / "lines.parquet")
    (folder / "cut-off.parquet").write_bytes((folder / "lines.parquet").read_bytes()[:-9])
    gateway.decide(shop.model, mine)
    gateway.decide(shop.model, "a browser", entities={"customer": mine})
    gateway.decide(shop.model, other)
    gateway.ship()
    yield mine, other
    shutil.rmtree(folder)
    shutil.rmtree(plane.home / "ingress")


def opened(answer):
    assert answer.status_code == 200, answer.text
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    return {name: archive.read(name).decode() for name in archive.namelist()}


def test_everything_of_one_person_is_handed_over_and_nothing_of_another(held, asked, compliance):
    mine, other = held
    shop = SHOP
    wanted = {
        "subjects": [mine],
        "order_numbers": ["11"],
        "data_request": True,
        "reason": "asked by letter",
        "shop": shop,
    }
    made = compliance.post(URL, json=wanted)
    assert made.status_code == 201, made.text
    request_id = made.json()["id"]
    assert made.json()["waits_for"] == ["export"]
    close = {"reason": "handed over in person"}
    assert compliance.post(f"{URL}/{request_id}/close", json=close).status_code == 409
    files = opened(compliance.post(f"{URL}/{request_id}/export"))
    assert other not in "".join(files.values())
    inbox = json.loads(files["inbox.json"])
    assert [row["id"] for row in inbox["shop_order"]] == [11]
    assert len(inbox["order_line"]) == 1
    assert [row["kept"]["id"] for row in inbox["delivery"]] == [13]
    training = {each["file"]: each["rows"] for each in json.loads(files["training.json"])}
    assert training["shop-tables/orders.parquet"] == [
        {"order_id": 11, "customer_id": mine, "paid": 1.5}
    ]
    assert training["shop-tables/lines.parquet"] == [{"order_id": 11, "sku": "a"}]
    decisions = json.loads(files["decisions.json"])
    assert len(decisions) == 2
    assert all(each["decision"]["model"] for each in decisions)
    assert all("salt" not in each["about_the_person"] for each in decisions)
    assert mine in files["README.txt"]
    assert "    shop-tables/cut-off.parquet\n" in files["README.txt"]
    assert asked.show(request_id)["waits_for"] == ["merchant"]
    assert compliance.post(f"{URL}/{request_id}/close", json=close).status_code == 200
    assert not data_request_path(asked.home, request_id).exists()
    told = [(each["action"], each["outcome"]) for each in asked.events(request_id)]
    assert told == [
        ("redaction:open", "allowed"),
        ("redaction:close", "denied"),
        ("redaction:export", "allowed"),
        ("redaction:close", "allowed"),
    ]
    again = compliance.post(f"{URL}/{request_id}/export")
    assert again.status_code == 409
