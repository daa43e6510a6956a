"""Puts shoppers everywhere: from the shop through every door of the system."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from bentos.contract.shopify import webhook_signature
from load_tests.shop.drill_model import MODEL
from load_tests.shop.drill_site import ANSWER_S, ROOT, DrillSite
from load_tests.shop.ingress_process import SECRET, SHOP
from load_tests.shop.planted_shop import NEWS, into_shop, typed
from load_tests.shop.subjects import Subject
from tests.planted_data import PlantedData
from training import consent_source
from training.settings import Settings as TrainingSettings

TRIES = 8
POLL_S = 0.1


def plant(site: DrillSite, people: Sequence[Subject], models: Sequence[str]) -> list[str]:
    """All of it; the versions that were trained on them. The gateway still writes, the ingress
    rests."""
    site.gateway.start()
    into_shop(site.shop, people)
    site.ingress.start()
    webhooks(site, people)
    decisions(site, people)
    site.until(lambda: _assessed(site, people), "an assessment of every order")
    versions = _night(site, models)
    _broken_off_sync(site, people)
    _materialize(site)
    site.gateway.stop()
    ship(site)
    _closed_and_open(site, people)
    _exclusions(site, people)
    backup(site)
    site.ingress.process.stop()
    return versions


def plant_again(site: DrillSite, people: Sequence[Subject]) -> None:
    """Into what does not last: whoever was spared by an erasure is to be found everywhere."""
    _broken_off_sync(site, people)
    _materialize(site)
    _closed_and_open(site, people)
    _exclusions(site, people)
    backup(site)


def ship(site: DrillSite) -> None:
    """Closed segments into the lake and the register."""
    url = {"SIGNALBOX_CONTROL_PLANE_URL": site.control_url}
    site.run("gateway.shipper", "--once", settings=url)


def webhooks(site: DrillSite, people: Sequence[Subject]) -> None:
    """New orders, which are scored and assessed; a refund, a chargeback, a wish for data."""
    for who in people:
        number = who.orders[NEWS]
        there = site.shop.control("GET", f"shop/Order/{number}")
        at = there["createdAt"]
        order = {
            "id": number,
            "admin_graphql_api_id": f"gid://shopify/Order/{number}",
            "created_at": at,
            "updated_at": at,
            "currency": "GBP",
            "customer": {"id": who.number, **typed(who), "first_name": who.name},
            "shipping_address": {"name": who.name, "phone": who.phone},
            "line_items": [_line(line) for line in there["body"]["lineItems"]],
            "financial_status": "paid",
            **typed(who),
        }
        deliver(site, "orders/create", order)
        back = {"id": number + 1, "order_id": number, "created_at": at, "note": who.note}
        deliver(site, "refunds/create", back)
        chargeback = {"id": number + 2, "order_id": number, "type": "chargeback"}
        chargeback |= {"reason": "fraudulent", "status": "needs_response"}
        deliver(site, "disputes/create", chargeback)
        wish = compliance(site, who, "orders_requested") | {"data_request": {"id": who.number + 3}}
        deliver(site, "customers/data_request", wish)


def decisions(site: DrillSite, people: Sequence[Subject]) -> None:
    """One about each, as a browser asks that knows who is logged in."""
    url = f"http://127.0.0.1:{site.gateway.port}/v1/models/{MODEL}:predict"
    headers = {"Authorization": f"Bearer {site.caller}", "X-Request-Timeout-Ms": "20000"}
    with httpx.Client(headers=headers, timeout=ANSWER_S, trust_env=False) as client:
        for who in people:
            row = {"amount": 12.0, "customer_id": str(who.number), "note": who.note}
            body = {"targeting_key": who.browser, "instances": [row]}
            answer = client.post(url, json=body)
            if answer.status_code != 200:
                raise RuntimeError(f"the gateway: {answer.status_code} {answer.text}")


def deliver(site: DrillSite, topic: str, message: dict[str, Any]) -> None:
    """A delivery as Shopify makes it."""
    body = json.dumps(message).encode()
    headers = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": webhook_signature(body, SECRET).decode(),
        "X-Shopify-Shop-Domain": site.shop.shop,
        "X-Shopify-API-Version": "2026-10",
        "X-Shopify-Webhook-Id": str(uuid.uuid4()),
        "X-Shopify-Triggered-At": datetime.now(UTC).isoformat(),
    }
    answer = site.http.post(f"{site.ingress.url}/webhooks", content=body, headers=headers)
    if answer.status_code != 200:
        raise RuntimeError(f"{topic}: {answer.status_code} {answer.text}")


def compliance(site: DrillSite, who: Subject, orders: str) -> dict[str, Any]:
    """The body of a law topic about somebody; ``orders`` is what it calls theirs."""
    customer = {"id": who.number, "email": who.email, "phone": who.phone}
    return {"shop_domain": site.shop.shop, "customer": customer, orders: list(who.orders)}


def backup(site: DrillSite) -> Path:
    """As an operator takes one."""
    return Path(json.loads(site.run("control_plane.backup", "backup", "--json"))["file"])


def _line(line: dict[str, Any]) -> dict[str, Any]:
    """As a webhook shows what the Admin API shows too."""
    return {
        "product_id": line["product"],
        "variant_id": line["variant"],
        "quantity": line["quantity"],
        "price": line["originalUnitPriceSet"],
    }


def _night(site: DrillSite, models: Sequence[str]) -> list[str]:
    asked = [part for model in models for part in ("--model", model)]
    # The shop's clock is ahead of ours: to the night its last order is none of the future.
    now = (site.shop.clock.now() + timedelta(hours=1)).isoformat()
    site.run("training", "shop", "sync", *_clock(site))
    command = ["nightly", "--shop", "--offline", "--json", "--now", now, *asked]
    record = json.loads(site.run("training", *command, settings=_embedded(site)))
    manifests = sorted((site.home / "lake" / "versions").glob("*/manifest.json"))
    versions = [str(json.loads(path.read_bytes())["version"]) for path in manifests]
    if len(versions) != len(models):
        raise RuntimeError(f"the night made {versions}: {json.dumps(record)[:2000]}")
    return versions


def _materialize(site: DrillSite) -> None:
    """A second generation of the embedded store, and the same values in Redis."""
    site.run("training", "materialize", "--shop", settings=_embedded(site))
    if site.redis is not None:
        url = {"SIGNALBOX_CONTROL_PLANE_URL": site.control_url}
        site.run("training", "materialize", "--shop", settings=url)


def _embedded(site: DrillSite) -> dict[str, str]:
    return {"SIGNALBOX_ONLINE_STORE_URL": "", "SIGNALBOX_CONTROL_PLANE_URL": site.control_url}


def _broken_off_sync(site: DrillSite, people: Sequence[Subject]) -> None:
    """A sync of everything, killed when everybody lies in its staging file."""
    staging = site.home / "lake" / "shop" / "staging"
    search = PlantedData([each.names["customer"] for each in people])
    for _ in range(TRIES):
        process = subprocess.Popen(
            [sys.executable, "-m", "training", "shop", "sync", "--full", *_clock(site)],
            cwd=ROOT,
            env=site.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None and not _all_in(search, staging):
            time.sleep(POLL_S)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if _all_in(search, staging):
            return
    raise RuntimeError("no broken-off sync left everybody in its staging file")


def _closed_and_open(site: DrillSite, people: Sequence[Subject]) -> None:
    """Decisions in a segment that is closed and not shipped, and in one that is open."""
    for _ in ("closed", "open"):
        site.gateway.stop()
        site.gateway.start()
        decisions(site, people)


def _all_in(search: PlantedData, folder: Path) -> bool:
    # What is being written may go while it is read.
    with suppress(FileNotFoundError):
        return search.texts_below(folder) == set(search.texts)
    return False


def _clock(site: DrillSite) -> tuple[str, str]:
    """The shop's clock, for a sync that is to go by it."""
    return "--clock", json.dumps(site.shop.clock.to_json())


def _assessed(site: DrillSite, people: Sequence[Subject]) -> bool:
    """Whether the fraud loop is done with everybody, and their outcomes are in the lake."""
    wanted = {who.orders[NEWS] for who in people}
    with closing(sqlite3.connect(f"file:{site.ingress.inbox}?mode=ro", uri=True)) as inbox:
        rows = inbox.execute("SELECT order_id FROM assessment WHERE sent_at > ''").fetchall()
    if not wanted <= {row[0] for row in rows}:
        return False
    search = PlantedData(map(str, wanted))
    files = (site.home / "lake" / "outcomes").glob("*/*.parquet")
    found = {each.text for path in files for each in search.found_in_file(path)}
    return found == set(search.texts)


def _exclusions(site: DrillSite, people: Sequence[Subject]) -> None:
    """Left out by the raw id; one kind is lifted again, which leaves a freed row. Training keeps
    what it was told of them."""
    told = {"customers": [str(who.number) for who in people], "reason": "they asked"}
    for kind in ("data_sale", "excluded"):
        key = {"Idempotency-Key": uuid.uuid4().hex}
        site.call("POST", "/api/v1/exclusions", {"kind": kind, **told}, **key)
    site.call("POST", "/api/v1/exclusions/lift", {"kind": "data_sale", **told})
    settings = TrainingSettings(home=site.home, shop=SHOP, control_plane_url=site.control_url)
    consent_source.ask(settings)
