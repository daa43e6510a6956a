"""What the ingress and training put into the home, for a control plane to carry on."""

from datetime import UTC, datetime, timedelta

import pytest

from bentos import redaction_files
from bentos.contract.identity import Pseudonymizer, key_fingerprint
from bentos.contract.redaction import (
    RedactionKind,
    RedactionRecord,
    RedactionRequest,
    TrainedVersion,
)
from control_plane.identifier import new_id
from control_plane.redactions.note import Note, write_data_request, write_note

URL = "/api/v1/redactions"
DOMAIN = "redacted.myshopify.com"


@pytest.fixture(scope="module")
def compliance(plane):
    return plane.person("compliance")


@pytest.fixture(scope="module")
def names(plane):
    """The plane's pseudonyms."""
    path = plane.home / "keys" / "pseudonym.key"
    if not path.exists():
        path.write_text("cd" * 32)
    secret = bytes.fromhex(path.read_text().strip())
    return Pseudonymizer(key_fingerprint(secret), secret)


class Asked:
    """Shopify's requests as the ingress hands them over, and what others say of them."""

    def __init__(self, plane, compliance, names):
        self.plane, self.compliance, self.names = plane, compliance, names
        self.home = plane.home

    def hand_over(self, raw, *, shop, topic="customers/redact", days=30.0, noted=True):
        """(id, the customer's pseudonym)."""
        now = datetime.now(UTC)
        customer = self.names.pseudonym(shop, "customer", raw)
        names = (customer, self.names.pseudonym(shop, "targeting_key", customer))
        whole = topic == "shop/redact"
        wish = RedactionRequest(
            id=new_id(),
            kind=RedactionKind.SHOP if whole else RedactionKind.CUSTOMER,
            reason=f"{topic} of {DOMAIN}",
            requested_at=(now + timedelta(days=days - 30)).isoformat(),
            due_at=(now + timedelta(days=days)).isoformat(),
            shop=shop,
            subjects=() if whole else names,
            order_numbers=() if whole else ("1",),
        )
        if noted:
            write_note(self.home, Note(id=wish.id, topic=topic, domain=DOMAIN))
        if topic == "customers/data_request":
            write_data_request(self.home, wish)
        else:
            redaction_files.write_request(self.home, wish)
        return wish.id, customer

    def ingress_is_done(self, request_id):
        at = datetime.now(UTC).isoformat()
        removed = {"inbox/shop_order": 2}
        write_note(self.home, Note(id=request_id, domain=DOMAIN, erased_at=at, removed=removed))

    def training_is_done(self, request_id, snapshots=None, versions=()):
        record = RedactionRecord(
            id=request_id,
            at=datetime.now(UTC).isoformat(),
            snapshots=snapshots or {},
            removed={"lake/sales": 7},
            versions=tuple(TrainedVersion(model=v.partition(":")[0], version=v) for v in versions),
        )
        redaction_files.write_record(self.home / "lake", record)

    def run(self):
        answer = self.compliance.post(f"{URL}/run")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def show(self, request_id):
        answer = self.compliance.get(f"{URL}/{request_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def carry_on_until(self, request_id, waits_for):
        def reached():
            self.run()
            return self.show(request_id)["waits_for"] == waits_for

        self.plane.wait(reached, f"{request_id} waits for {waits_for}")
        return self.show(request_id)

    def finish(self, request_id):
        self.ingress_is_done(request_id)
        self.training_is_done(request_id)
        return self.carry_on_until(request_id, [])

    def events(self, request_id):
        asked = {"entity": f"redaction:{request_id}", "limit": 1000}
        return self.plane.admin.get("/api/v1/register/events", params=asked).json()

    def places_with(self, text):
        """Files of the home that hold it, SQLite's log included."""
        paths = [path for path in self.home.rglob("*") if path.is_file()]
        return {
            path.relative_to(self.home).as_posix()
            for path in paths
            if text.encode() in path.read_bytes()
        }


@pytest.fixture
def asked(plane, compliance, names):
    return Asked(plane, compliance, names)
