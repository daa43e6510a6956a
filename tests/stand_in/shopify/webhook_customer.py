"""Customers and addresses as Shopify's REST resources."""

from collections.abc import Mapping
from typing import Any

from tests.stand_in.shopify.records import Record, timestamp

Body = dict[str, Any]
NO_TEXT = ""


def customer_body(record: Record, currency: str) -> Body:
    """``customers/*``, and the customer within an order."""
    body = record.body
    held = body.get("defaultAddress")
    return {
        "id": record.number,
        "admin_graphql_api_id": record.gid,
        **times(record),
        "first_name": body.get("firstName") or NO_TEXT,
        "last_name": body.get("lastName") or NO_TEXT,
        "email": body.get("email") or NO_TEXT,
        "phone": body.get("phone"),
        "state": lower(body.get("state")) or "disabled",
        "note": body.get("note"),
        "tags": ", ".join(body.get("tags", [])),
        "verified_email": body.get("verifiedEmail", True),
        "multipass_identifier": None,
        "tax_exempt": False,
        "tax_exemptions": [],
        "currency": currency,
        "addresses": [_owned(held, record)] if held else [],
        "default_address": _owned(held, record),
    }


def times(record: Record) -> Body:
    """When it was made and last changed."""
    return {
        "created_at": timestamp(record.created_at),
        "updated_at": timestamp(record.updated_at),
    }


def address(held: Mapping[str, Any] | None) -> Body | None:
    """An address, None where there is none."""
    if not held:
        return None
    return {
        "first_name": held.get("firstName") or NO_TEXT,
        "last_name": held.get("lastName") or NO_TEXT,
        "name": held.get("name") or NO_TEXT,
        "company": held.get("company"),
        "address1": held.get("address1") or NO_TEXT,
        "address2": held.get("address2"),
        "city": held.get("city") or NO_TEXT,
        "zip": held.get("zip") or NO_TEXT,
        "province": held.get("provinceCode") or NO_TEXT,
        "province_code": held.get("provinceCode") or NO_TEXT,
        "country": held.get("countryCodeV2") or NO_TEXT,
        "country_code": held.get("countryCodeV2") or NO_TEXT,
        "phone": held.get("phone") or NO_TEXT,
        "latitude": held.get("latitude"),
        "longitude": held.get("longitude"),
    }


def _owned(held: Mapping[str, Any] | None, owner: Record) -> Body | None:
    found = address(held)
    if found is None:
        return None
    del found["latitude"], found["longitude"]
    more = {"id": owner.number, "customer_id": owner.number, "default": True}
    return {**found, **more, "country_name": found["country"]}


def lower(text: Any) -> str | None:
    """An enum's value as REST writes it."""
    return str(text).lower() if text is not None else None
