import pytest

pytestmark = pytest.mark.acceptance


def test_the_same_manifest_again_changes_nothing(shop, manifest):
    body = manifest(shop.model)
    first = shop.trainer.post("/api/v1/versions", json=body)
    assert first.status_code == 201
    again = shop.trainer.post("/api/v1/versions", json=body)
    assert (again.status_code, again.json()) == (200, first.json())
    other = shop.trainer.post("/api/v1/versions", json={**body, "seed": 2})
    assert other.status_code == 409
    # Somebody who would put another version in its place is in the register.
    wanted = {"action": "version:register", "limit": 500}
    events = shop.plane.admin.get("/api/v1/register/events", params=wanted).json()
    denied = [e["reason"] for e in events if e["outcome"] == "denied"]
    assert f"{body['version']} is registered with another manifest" in denied


def test_a_version_shows_its_manifest(shop, manifest):
    version = shop.register(1)
    shown = shop.author.get(f"/api/v1/versions/{version}").json()
    assert shown["manifest"]["signature"] == {
        **shown["manifest"]["signature"],
        "model": shop.model,
    }
    assert shown["registered_by"] == "trainer"
    listed = shop.author.get("/api/v1/versions", params={"model": shop.model}).json()
    assert [each["version"] for each in listed] == [version]


def test_a_signature_may_only_grow_by_optional_inputs(shop, manifest):
    shop.register(1)
    grown = manifest(shop.model, 2)
    grown["signature"]["inputs"].append(
        {"name": "country", "datatype": "BYTES", "required": False, "default": ""}
    )
    assert shop.trainer.post("/api/v1/versions", json=grown).status_code == 201
    demanding = manifest(shop.model, 3)
    demanding["signature"]["inputs"] = [
        *grown["signature"]["inputs"],
        {"name": "age", "datatype": "FP32"},
    ]
    answer = shop.trainer.post("/api/v1/versions", json=demanding)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "signature.inputs.age"
    # An older signature would take an input away from callers who send it already.
    assert shop.trainer.post("/api/v1/versions", json=manifest(shop.model, 4)).status_code == 422


def reading(body, *views):
    """The manifest of a version that reads a customer's orders from a view."""
    body["signature"]["inputs"].append(
        {"name": "customer_id", "datatype": "BYTES", "required": False, "redaction": "drop"}
    )
    body["signature"]["entities"] = [{"kind": "customer", "input": "customer_id"}]
    feature = {"name": "orders", "source": "view:customer_orders@1:orders"}
    body["features"]["features"] = [*body["features"]["features"], feature]
    if views:
        body["features"]["views"] = list(views)
    body["feature_views"] = ["customer_orders@1"]
    return body


VIEW = {"name": "customer_orders", "version": 1, "entity": "customer", "ttl_s": 60.0}


def test_a_version_may_read_declared_views_and_keeps_them_through_the_registry(shop, manifest):
    body = reading(manifest(shop.model), VIEW)
    answer = shop.trainer.post("/api/v1/versions", json=body)
    assert answer.status_code == 201, answer.text
    shown = shop.author.get(f"/api/v1/versions/{body['version']}").json()["manifest"]
    assert shown["features"]["views"] == [VIEW]
    assert shown["signature"]["entities"] == [{"kind": "customer", "input": "customer_id"}]


@pytest.mark.parametrize(
    ("views", "field"),
    [
        ((), "schema.features.orders.source"),
        (({**VIEW, "entity": "basket"},), "schema.views.customer_orders@1.entity"),
        (({**VIEW, "version": 2},), "schema.features.orders.source"),
    ],
)
def test_a_view_no_gateway_could_look_up_is_refused(shop, manifest, views, field):
    answer = shop.trainer.post("/api/v1/versions", json=reading(manifest(shop.model), *views))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_a_manifest_names_the_views_its_schema_reads(shop, manifest):
    body = reading(manifest(shop.model), VIEW) | {"feature_views": []}
    answer = shop.trainer.post("/api/v1/versions", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "manifest.feature_views"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"seed": "one"}, "manifest.seed"),
        ({"bento_digest": "abc"}, "manifest.bento_digest"),
        ({"version": "latest"}, "version"),
        ({"version": "other:20261122-00000001"}, "manifest.version"),
        ({"state": "rejected"}, "manifest.rejection"),
        ({"state": "golden"}, "manifest.state"),
    ],
)
def test_a_bad_manifest_names_its_field(shop, manifest, change, field):
    answer = shop.trainer.post("/api/v1/versions", json=manifest(shop.model) | change)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert shop.author.get("/api/v1/versions", params={"model": shop.model}).json() == []


def test_a_missing_member_is_named(shop, manifest):
    body = manifest(shop.model)
    del body["dataset"]["rows"]
    answer = shop.trainer.post("/api/v1/versions", json=body)
    assert answer.json()["errors"][0]["field"] == "manifest.dataset.rows"


def test_a_version_that_failed_a_gate_registers_as_rejected_only(shop, manifest):
    body = manifest(shop.model)
    body["offline"]["model"]["auc"] = 0.4
    answer = shop.trainer.post("/api/v1/versions", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "manifest.state"
    body |= {"state": "rejected", "rejection": "loses to the prior"}
    answer = shop.trainer.post("/api/v1/versions", json=body)
    assert (answer.status_code, answer.json()["state"]) == (201, "rejected")


def test_attributes_are_declared_once(shop):
    name = f"a_{shop.model}"
    put = lambda body: shop.plane.admin.put("/api/v1/attributes", json=body)  # noqa: E731
    assert put({name: "string"}).json()[name] == "string"
    assert put({name: "number"}).status_code == 409
    answer = put({"targeting_key": "string"})
    assert answer.json()["errors"][0]["field"] == "attributes.targeting_key"
    assert put({name: "colour"}).json()["errors"][0]["field"] == f"attributes.{name}"
