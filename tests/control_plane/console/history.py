"""Fills a control plane through its API with what a shop's first weeks leave behind.

``python -m tests.control_plane.console.history URL HOME``: for screenshots and for looking
around; every event is a real one, by real persons with real roles.
"""

import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from bentos.contract.redaction import RedactionKind, RedactionRequest
from bentos.redaction_files import write_request
from control_plane.redactions.note import Note, write_data_request, write_note
from tests.control_plane.console.manifests import SOURCES, manifest

PASSWORD = "correct horse battery signal"
PEOPLE = {
    "ines.moreau": ("Ines Moreau", ["release_manager", "data_scientist"]),
    "tomas.lind": ("Tomás Lind", ["approver"]),
    "kira.osei": ("Kira Osei", ["compliance"]),
    "jun.park": ("Jun Park", ["data_scientist"]),
    "vera.holt": ("Vera Holt", ["viewer"]),
}


class Filler:
    """Persons and services at one control plane."""

    def __init__(self, url: str, home: Path) -> None:
        self.url, self.home = url, home
        self.admin = self._client((home / "keys" / "admin.key").read_text().strip())
        self.trainer = self._client((home / "keys" / "trainer.key").read_text().strip())
        self.fleet = self._client((home / "keys" / "fleet.key").read_text().strip())
        self.people: dict[str, httpx.Client] = {}
        self._ready: dict[str, Any] = {}

    def _client(self, key: str) -> httpx.Client:
        return httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=30, verify=False
        )

    def populate(self) -> None:
        for person, (name, roles) in PEOPLE.items():
            must(
                self.admin.post("/api/v1/people", json={"id": person, "name": name, "roles": roles})
            )
            key = must(self.admin.post(f"/api/v1/people/{person}/keys"))["key"]
            self.people[person] = self._client(key)
            self.give_password(person)

    def give_password(self, person: str, password: str = PASSWORD) -> None:
        once = must(self.admin.post(f"/api/v1/people/{person}/password"))["password"]
        origin = {"Origin": self.url}
        with httpx.Client(base_url=self.url, timeout=30, verify=False, headers=origin) as browser:
            must(browser.post("/api/v1/session", json={"person": person, "password": once}))
            body = {"current_password": once, "new_password": password}
            must(browser.put("/api/v1/session/password", json=body))
            browser.delete("/api/v1/session")

    def version(self, model: str, day: str, better: float = 0.0, **changes: Any) -> str:
        return must(
            self.trainer.post("/api/v1/versions", json=manifest(model, day, better, **changes))
        )["version"]

    def report(self, *versions: str) -> None:
        for version in versions:
            address = f"unix:/run/signalbox/{version.replace(':', '-')}.sock"
            self._ready[version] = {
                "addresses": [address],
                "ready": True,
                "restarts": 0,
                "pids": [1],
            }
        body = {"fleet": "fleet-1", "versions": self._ready}
        assert self.fleet.post("/fleet/v1/report", json=body).status_code == 204

    def draft(
        self, who: str, model: str, candidate: str, reason: str, **more: Any
    ) -> dict[str, Any]:
        body = {"model": model, "candidate": candidate, "reason": reason, **more}
        return must(self.people[who].post("/api/v1/releases", json=body))

    def tell(
        self, who: str, release: dict[str, Any], verb: str, reason: str, **more: Any
    ) -> dict[str, Any]:
        now = must(self.people[who].get(f"/api/v1/releases/{release['id']}"))
        body = {"reason": reason, "expected_revision": now["revision"], **more}
        return must(self.people[who].post(f"/api/v1/releases/{release['id']}/{verb}", json=body))

    def deny(self, who: str, method: str, path: str, body: dict[str, Any]) -> None:
        answer = self.people[who].request(method, path, json=body)
        assert answer.status_code in (403, 409), answer.text


def must(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code < 300, f"{answer.request.url}: {answer.text}"
    return answer.json() if answer.content else {}


def fill(filler: Filler) -> dict[str, str]:
    """The whole story; returns ids worth looking at."""
    filler.populate()
    _bootstraps(filler)
    _a_promotion(filler)
    _a_rollback(filler)
    return _present(filler)


def _bootstraps(f: Filler) -> None:
    for model in SOURCES:
        version = f.version(model, "20261012")
        f.report(version)
        release = f.draft(
            "ines.moreau", model, version, "First version of the model", kind="bootstrap"
        )
        f.tell("ines.moreau", release, "submit", "gates passed, parity exact")
        f.tell("tomas.lind", release, "approve", "read the manifest; baseline is beaten")
        f.tell("ines.moreau", release, "start", "go")


def _a_promotion(f: Filler) -> None:
    version = f.version("recommendations", "20261026", 0.012)
    f.report(version)
    release = f.draft(
        "jun.park",
        "recommendations",
        version,
        "Category affinity from the last 30 days",
        ticket="ML-204",
        steps=[0.05, 0.25, 0.5],
    )
    f.tell("jun.park", release, "submit", "ready for review")
    f.tell("tomas.lind", release, "approve", "offline gain holds on both shops")
    f.tell("ines.moreau", release, "start", "quiet hour")
    f.tell("ines.moreau", release, "ramp", "shadow agrees on 99.2 %")
    f.tell("ines.moreau", release, "ramp", "no movement in latency")
    f.tell("ines.moreau", release, "promote", "add-to-cart up 1.8 %, interval excludes zero")
    f.deny(
        "vera.holt",
        "POST",
        f"/api/v1/releases/{release['id']}/rollback",
        {"reason": "does not look right to me"},
    )


def _a_rollback(f: Filler) -> None:
    version = f.version("pricing", "20261102", 0.004)
    f.report(version)
    release = f.draft(
        "ines.moreau",
        "pricing",
        version,
        "Season end as a feature",
        ticket="ML-211",
        steps=[0.02, 0.1],
    )
    f.tell("ines.moreau", release, "submit", "for review")
    f.deny(
        "ines.moreau",
        "POST",
        f"/api/v1/releases/{release['id']}/approve",
        {"reason": "it is only small", "expected_revision": 2},
    )
    f.tell("tomas.lind", release, "refuse", "10 % is too much before the weekend")
    now = must(f.people["ines.moreau"].get(f"/api/v1/releases/{release['id']}"))
    must(
        f.people["ines.moreau"].patch(
            f"/api/v1/releases/{release['id']}",
            json={"steps": [0.02, 0.05], "expected_revision": now["revision"]},
        )
    )
    f.tell("ines.moreau", release, "submit", "smaller steps")
    f.tell("tomas.lind", release, "approve", "fine like this")
    f.tell("ines.moreau", release, "start", "Tuesday morning")
    f.tell("ines.moreau", release, "ramp", "shadow is clean")
    f.tell("ines.moreau", release, "rollback", "margin on outlet articles fell below the floor")
    rejected = manifest("pricing", "20261109", -0.09)
    rejected |= {"state": "rejected", "rejection": "offline: wape does not beat last week's price"}
    must(f.trainer.post("/api/v1/versions", json=rejected))


def _present(f: Filler) -> dict[str, str]:
    fraud, canary = _a_canary(f)
    waiting, shadow = _waiting(f), _a_shadow(f)
    _around(f)
    return {"canary": canary, "waiting": waiting, "shadow": shadow, "fraud": fraud}


def _a_canary(f: Filler) -> tuple[str, str]:
    """Version and release."""
    version = f.version("fraud", "20261120", 0.026)
    f.report(version)
    must(
        f.people["ines.moreau"].put(
            "/api/v1/attributes",
            json={"country": "string", "new_customer": "boolean", "orders_before": "number"},
        )
    )
    release = f.draft(
        "jun.park",
        "fraud",
        version,
        "Card country as a feature; recall on new customers",
        ticket="ML-219",
        steps=[0.05, 0.25, 0.5],
    )
    f.tell("jun.park", release, "submit", "precision unchanged at the operating point")
    f.tell("tomas.lind", release, "approve", "checked the slices for new customers and for guests")
    f.tell("ines.moreau", release, "start", "start in shadow")
    f.tell("ines.moreau", release, "ramp", "18,000 shadow answers, none out of bounds")
    return version, release["id"]


def _waiting(f: Filler) -> str:
    """A release that somebody is to look at."""
    version = f.version("pricing", "20261116", 0.011)
    f.report(version)
    release = f.draft(
        "jun.park",
        "pricing",
        version,
        "Retrained after the outlet articles left",
        ticket="ML-223",
        steps=[
            {"weight": 0.01, "hold_s": 7200},
            {"weight": 0.05, "hold_s": 86400, "minimum_sample": 5000, "manual_gate": True},
            0.25,
        ],
        condition={"country": "DE"},
    )
    f.tell("jun.park", release, "submit", "please look at the margin slice")
    return str(release["id"])


def _a_shadow(f: Filler) -> str:
    version = f.version("recommendations", "20261123", 0.017)
    f.report(version)
    release = f.draft(
        "ines.moreau",
        "recommendations",
        version,
        "Baskets weigh more than views",
        ticket="ML-226",
        steps=[0.05, 0.25, 0.5],
    )
    f.tell("ines.moreau", release, "submit", "for review")
    f.tell("tomas.lind", release, "approve", "gain is small but steady")
    f.tell("ines.moreau", release, "start", "shadow over night")
    return str(release["id"])


def _around(f: Filler) -> None:
    """What stands around releases: freezes to come, who may call, who asked to be forgotten."""
    begins = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    window = {
        "starts_at": (begins + timedelta(days=5)).isoformat(),
        "ends_at": (begins + timedelta(days=10)).isoformat(),
        "reason": "The big sale: nobody wants a surprise",
        "ticket": "OPS-88",
    }
    must(f.people["ines.moreau"].post("/api/v1/freezes", json=window))
    for caller in (
        {"name": "checkout", "models": ["fraud"], "rate": 200},
        {"name": "search service", "scopes": ["infer", "pin"]},
    ):
        must(f.admin.post("/api/v1/callers", json=caller))
    server = {"name": "warehouse dashboard", "kind": "server", "models": ["*"]}
    must(f.admin.post("/api/v1/sdk-keys", json=server))
    shown = {"visibility": "public", "reason": "the shop draws recommendations"}
    must(f.people["kira.osei"].put("/api/v1/models/recommendations/visibility", json=shown))
    app = {
        "domain": "nordwind-outdoor.myshopify.com",
        "secrets": ["file:shopify-2.secret", "file:shopify-1.secret"],
        "proxy_models": ["recommendations"],
        "checkout_models": ["recommendations"],
        "rate": 500,
    }
    must(f.admin.put("/api/v1/shopify-apps/4f1c90aa52be4d7a9a03c7e1b2d86e55", json=app))
    order = {"targeting_keys": ["b-1f3c"], "reason": "asked by letter", "ticket": "DSR-12"}
    must(f.people["kira.osei"].post("/api/v1/lake/erasures", json=order))
    _law_requests(f)


def _law_requests(f: Filler) -> None:
    """One handed over by the ingress and late, one nearly, one whose data are asked for."""
    now, domain = datetime.now(UTC), "nordwind-outdoor.myshopify.com"
    asked = ((-2, "customers/redact"), (8, "customers/redact"), (26, "customers/data_request"))
    for days, topic in asked:
        request = RedactionRequest(
            id=f"01a219bb-b4b3-7f83-8cce-{days + 90:012d}",
            kind=RedactionKind.CUSTOMER,
            reason=f"{topic} of {domain}",
            requested_at=(now + timedelta(days=days - 30)).isoformat(),
            due_at=(now + timedelta(days=days)).isoformat(),
            shop="nordwind-outdoor",
            subjects=("A" * 25 + "BCD"[days % 3],),
        )
        write_note(f.home, Note(id=request.id, domain=domain, topic=topic))
        write = write_request if topic == "customers/redact" else write_data_request
        write(f.home, request)
    must(f.people["kira.osei"].post("/api/v1/redactions/run"))


if __name__ == "__main__":
    random.seed(1)
    print(fill(Filler(sys.argv[1], Path(sys.argv[2]))))
