"""One walk over most of the API, in an order in which everything succeeds."""

import uuid

import httpx

from control_plane import clock
from tests.control_plane import recorded_examples

API = "/api/v1"
CLIENT_ID = "a" * 32
DAY_S = 24 * 3600


class Walk:
    """Asks on behalf of a shop's people, whoever may; fails where something does not succeed."""

    def __init__(self, plane, shop, recording):
        self.recording = recording
        self.plane, self.shop = plane, shop
        self.admin = plane.admin
        self.auditor = plane.person("compliance")

    def all(self):
        version = self.models()
        self.releases()
        self.kills(version)
        self.freezes()
        self.people()
        self.callers()
        self.register()
        self.lake()
        self.redactions()
        self.machines()

    def ask(self, who, method, path, body=None, **headers):
        answer = who.request(method, API + path, json=body, headers=headers)
        assert answer.is_success, (method, path, answer.text)
        self.recording.take(answer)
        is_json = answer.headers.get("content-type") == "application/json"
        return answer.json() if is_json else None

    def models(self):
        shop = self.shop
        version = shop.bootstrap()
        self.ask(
            self.auditor,
            "PUT",
            f"/models/{shop.model}/visibility",
            {"visibility": "public", "reason": "shown in the theme"},
        )
        self.ask(self.admin, "PUT", "/attributes", {"country": "string"})
        self.ask(shop.author, "GET", "/attributes")
        for path in ("/models", f"/versions?model={shop.model}", f"/versions/{version}", "/lint"):
            self.ask(shop.author, "GET", path)
        unused = shop.register(9)
        self.ask(shop.author, "POST", f"/versions/{unused}/retire", {"reason": "superseded"})
        self.ask(shop.author, "POST", "/lint", {"payload": {"features": {}}})
        return version

    def releases(self):
        shop = self.shop
        release = shop.started(2)
        path = f"/releases/{release['id']}"
        self.ask(shop.author, "POST", f"{path}/preview", {"verb": "ramp"})
        shop.must(release, "ramp")
        for each in (path, f"{path}/timeline", f"/releases?model={shop.model}"):
            self.ask(shop.author, "GET", each)
        self.ask(shop.author, "POST", f"{path}/abort", {"reason": "enough seen"})
        drafts = [shop.draft(shop.register(3))]
        tag = f'"{drafts[0]["revision"]}"'
        edited = self.ask(
            shop.author,
            "PATCH",
            f"/releases/{drafts[0]['id']}",
            {"shadow": False},
            **{"If-Match": tag},
        )
        other = type(shop)(self.plane)
        other.bootstrap()
        second = other.draft(other.register(2), shadow=False)
        members = [edited["id"], second["id"]]
        group = self.ask(
            shop.author,
            "POST",
            "/release-groups",
            {"members": members, "reason": "they belong together"},
        )
        path = f"/release-groups/{group['id']}"
        self.ask(shop.author, "GET", "/release-groups")
        self.ask(shop.author, "GET", path)
        self.ask(shop.author, "POST", f"{path}/preview", {"verb": "submit"})
        group = self.ask(
            shop.author,
            "PATCH",
            path,
            {"members": members, "reason": "as it was", "expected_revision": group["revision"]},
        )
        group = self.ask(
            shop.author,
            "POST",
            f"{path}/submit",
            {"reason": "ready", "expected_revision": group["revision"]},
        )
        self.ask(
            shop.author,
            "DELETE",
            path,
            {"reason": "one by one", "expected_revision": group["revision"]},
        )

    def kills(self, version):
        shop = self.shop
        self.ask(
            shop.author,
            "POST",
            "/kills",
            {"model": shop.model, "version": version, "reason": "odd scores"},
        )
        self.ask(shop.author, "GET", "/kills")
        self.ask(shop.author, "DELETE", f"/kills/{shop.model}", {"reason": "it was the feed"})
        local = {
            "id": str(uuid.uuid4()),
            "model": shop.model,
            "version": version,
            "reason": "at night",
            "actor": "on call",
            "at": "2026-11-24T02:10:00.000000Z",
        }
        self.ask(shop.author, "POST", "/kills/local", local)
        review = self.ask(shop.approver, "GET", "/reviews?state=open&limit=1000")[-1]
        self.ask(shop.approver, "GET", f"/reviews/{review['id']}")
        self.ask(
            shop.approver,
            "POST",
            f"/reviews/{review['id']}/close",
            {"outcome": "justified", "notes": "the feed was late"},
        )

    def freezes(self):
        shop = self.shop
        release = shop.draft(shop.register(4)) if shop.model_state()["release"] is None else None
        window = {
            "ends_at": clock.later(3 * DAY_S),
            "models": [shop.model],
            "reason": "Black Friday",
        }
        freeze = self.ask(shop.author, "POST", "/freezes", window)
        path = f"/freezes/{freeze['id']}"
        self.ask(shop.author, "GET", "/freezes")
        self.ask(shop.author, "GET", path)
        release = release or self.ask(
            shop.author, "GET", f"/releases/{shop.model_state()['release']}"
        )
        exempt = {
            "release": release["id"],
            "expected_revision": release["revision"],
            "reason": "a mend",
        }
        self.ask(shop.approver, "POST", f"{path}/exemptions", exempt)
        self.ask(shop.approver, "POST", f"{path}/end", {"reason": "over early"})
        later = self.ask(
            shop.author,
            "POST",
            "/freezes",
            window | {"starts_at": clock.later(10 * DAY_S), "ends_at": clock.later(12 * DAY_S)},
        )
        self.ask(shop.author, "DELETE", f"/freezes/{later['id']}", {"reason": "not this year"})

    def people(self):
        admin, person = self.admin, f"kim-{uuid.uuid4().hex[:6]}"
        self.ask(admin, "POST", "/people", {"id": person, "name": "Kim", "roles": ["viewer"]})
        path = f"/people/{person}"
        self.ask(admin, "GET", "/people")
        self.ask(admin, "GET", path)
        self.ask(admin, "PATCH", path, {"roles": ["viewer", "approver"]})
        password = self.ask(admin, "POST", f"{path}/password")["password"]
        self.ask(
            admin,
            "POST",
            f"{path}/identities",
            {"subject": "248289761001", "issuer": "https://id.example"},
        )
        self.ask(admin, "GET", f"{path}/identities")
        hooks = recorded_examples.hooks()
        with httpx.Client(base_url=self.plane.url, event_hooks=hooks) as own:
            self.session(own, person, password)
        key = self.ask(admin, "POST", f"{path}/keys", {"name": "ci", "scopes": ["read"]})
        self.ask(admin, "GET", f"{path}/keys")
        self.ask(admin, "GET", "/keys")
        key = self.ask(admin, "POST", f"/keys/{key['id']}/rotate", {"overlap_s": 3600})
        self.ask(admin, "DELETE", f"/keys/{key['id']}")
        self.ask(admin, "POST", "/services/gateway/keys", {"name": "second gateway"})
        self.ask(admin, "DELETE", path)
        self.ask(admin, "POST", f"{path}/enable")
        self.ask(self.auditor, "GET", "/access-review")

    def session(self, own, person, password):
        origin = {"Origin": self.plane.url, "Sec-Fetch-Site": "same-origin"}
        self.ask(own, "POST", "/session", {"person": person, "password": password}, **origin)
        chosen = {"current_password": password, "new_password": "four words of my own"}
        self.ask(own, "PUT", "/session/password", chosen, **origin)
        self.ask(own, "GET", "/session")
        self.ask(own, "GET", "/session/methods")
        self.ask(self.admin, "GET", f"/people/{person}/sessions")
        self.ask(own, "DELETE", "/session", **origin)

    def callers(self):
        admin, model = self.admin, self.shop.model
        caller = self.ask(
            admin, "POST", "/callers", {"name": "checkout", "models": [model], "rate": 500}
        )
        self.ask(admin, "GET", "/callers")
        self.ask(admin, "GET", f"/callers/{caller['id']}")
        self.ask(admin, "DELETE", f"/callers/{caller['id']}")
        app = {
            "domain": "demo-shop.myshopify.com",
            "secrets": ["file:shopify.secret"],
            "proxy_models": [model],
        }
        self.ask(admin, "PUT", f"/shopify-apps/{CLIENT_ID}", app)
        self.ask(admin, "GET", "/shopify-apps")
        self.ask(admin, "DELETE", f"/shopify-apps/{CLIENT_ID}")
        sdk = self.ask(
            admin, "POST", "/sdk-keys", {"name": "theme", "kind": "server", "models": [model]}
        )
        self.ask(admin, "GET", "/sdk-keys")
        self.outsiders(sdk["key"], model)
        self.ask(admin, "DELETE", f"/sdk-keys/{sdk['id']}")

    def outsiders(self, key, model):
        client, headers = self.plane.client(None), {"Authorization": f"Bearer {key}"}
        context = {"context": {"targetingKey": "browser-7", "country": "DE"}}
        flags = "/ofrep/v1/evaluate/flags"
        for path in (flags, f"{flags}/model.{model}"):
            assert client.post(path, json=context, headers=headers).status_code == 200
        assert client.get("/ofrep/v1/configuration", headers=headers).status_code == 200
        assert client.get(f"/api/features/{key}").status_code == 200

    def register(self):
        auditor = self.auditor
        self.ask(auditor, "POST", "/register/checkpoint")
        events = f"/register/events?entity=model:{self.shop.model}"
        for path in (
            events,
            "/register/verify",
            "/register/checkpoint",
            "/register/consistency?old=1&new=3",
        ):
            self.ask(auditor, "GET", path)
        questions = "/register/questions"
        self.ask(auditor, "GET", f"{questions}/publishes?limit=2")
        self.ask(auditor, "GET", f"{questions}/who-could-publish?at=2031-01-01T00:00:00Z")
        self.ask(
            auditor, "GET", f"{questions}/served?model={self.shop.model}&at=2031-01-01T00:00:00Z"
        )
        self.ask(auditor, "POST", "/register/exports", {"form": "csv", "action": "kill:"})
        segment = {
            "gateway": "gateway-1",
            "boot": uuid.uuid4().hex,
            "first_seq": 1,
            "last_seq": 3,
            "count": 3,
            "root": "0a" * 32,
        }
        self.ask(self.plane.holder("gateway"), "POST", "/segments", segment)

    def lake(self):
        erasure = {
            "targeting_keys": ["browser-7"],
            "reason": "asked by the customer",
            "ticket": "GDPR-12",
        }
        self.ask(self.auditor, "POST", "/lake/erasures", erasure)
        for path in ("/lake/erasures", "/lake/retention", "/decisions"):
            self.ask(self.auditor, "GET", path)
        self.ask(self.auditor, "POST", "/lake/retention")
        self.ask(self.auditor, "POST", "/decisions/search", {"targeting_key": "browser-7"})

    def redactions(self):
        """One that the home's owner entered, by the pseudonym: no key is needed for that."""
        wanted = {"subjects": ["A" * 26], "data_request": True, "reason": "asked by letter"}
        made = self.ask(self.auditor, "POST", "/redactions", wanted)
        one = f"/redactions/{made['id']}"
        for path in ("/redactions?open=true", one, f"{one}/versions"):
            self.ask(self.auditor, "GET", path)
        self.ask(self.auditor, "POST", "/redactions/run")
        self.ask(self.auditor, "POST", f"{one}/export")
        self.ask(self.auditor, "POST", f"{one}/close", {"reason": "handed over in person"})

    def machines(self):
        self.shop.report(f"{self.shop.model}:20261122-00000001")
        for name, path in (
            ("gateway", "/gateway/v1/documents/index"),
            ("fleet", "/fleet/v1/desired"),
        ):
            assert self.plane.holder(name).get(path).status_code == 200
        self.plane.document("routes")
        for path in ("/health/live", "/health/ready"):
            assert self.plane.client(None).get(path).status_code == 200
