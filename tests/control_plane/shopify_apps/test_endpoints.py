import pytest

pytestmark = pytest.mark.acceptance
CLIENT = "0123456789abcdef0123456789abcdef"
URL = f"/api/v1/shopify-apps/{CLIENT}"


def app(**changes):
    return {
        "domain": "https://Demo-Shop.myshopify.com",
        "secrets": ["file:shopify.secret"],
        **changes,
    }


def make_public(plane, shop):
    shop.bootstrap()
    body = {"visibility": "public", "reason": "test"}
    url = f"/api/v1/models/{shop.model}/visibility"
    return lambda visibility="public": plane.person("compliance").put(
        url, json={**body, "visibility": visibility}
    )


@pytest.fixture
def public(plane, shop):
    """A model made public, and what sets its visibility."""
    set_visibility = make_public(plane, shop)
    answer = set_visibility()
    assert answer.status_code == 200, answer.text
    return shop.model, set_visibility


def test_an_app_reaches_gateways_by_reference_and_leaves_them(plane, public):
    model, _ = public
    body = app(proxy_models=[model], checkout_models=[model], rate=50)
    answer = plane.admin.put(URL, json=body)
    assert answer.status_code == 200, answer.text
    entry = plane.wait(lambda: plane.document("keys").get("shopify", {}).get(CLIENT))
    assert entry == {
        "shop": "demo-shop",
        "domain": "demo-shop.myshopify.com",
        "secrets": ["file:shopify.secret"],
        "proxy_models": [model],
        "checkout_models": [model],
        "rate": 50,
    }
    listed = plane.admin.get("/api/v1/shopify-apps").json()
    assert [each["client_id"] for each in listed] == [CLIENT]
    rotated = app(secrets=["file:new.secret", "file:shopify.secret"])
    assert plane.admin.put(URL, json=rotated).status_code == 200
    plane.wait(lambda: len(plane.document("keys")["shopify"][CLIENT]["secrets"]) == 2)
    assert plane.admin.delete(URL).status_code == 200
    # As before there were any: the member is not there at all.
    plane.wait(lambda: "shopify" not in plane.document("keys"))
    assert plane.admin.delete(URL).status_code == 404
    events = plane.admin.get("/api/v1/register/events", params={"entity": f"shopify_app:{CLIENT}"})
    done = [each for each in events.json() if each["outcome"] == "allowed"]
    actions = [event["action"] for event in done]
    assert sorted(actions) == ["shopify_app:remove", "shopify_app:set", "shopify_app:set"]


def test_a_model_closed_again_vanishes_from_every_browser_s_door(plane, public):
    model, set_visibility = public
    order = {
        "name": "theme",
        "models": [model],
        "scopes": ["browser"],
        "origins": ["https://shop.example"],
        "rate": 20,
    }
    caller = plane.admin.post("/api/v1/callers", json=order).json()
    url = f"/api/v1/shopify-apps/{CLIENT}b"
    assert plane.admin.put(url, json=app(proxy_models=[model])).status_code == 200
    entry = plane.wait(lambda: plane.document("keys")["keys"].get(caller["id"]))
    assert (entry["scopes"], entry["origins"]) == (["browser"], ["https://shop.example"])
    assert entry["models"] == [model]
    assert set_visibility("server").status_code == 200
    plane.wait(lambda: plane.document("keys")["keys"][caller["id"]]["models"] == [])
    plane.wait(lambda: plane.document("keys")["shopify"][f"{CLIENT}b"]["proxy_models"] == [])
    assert plane.admin.delete(url).status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"domain": "shop.example"}, "domain"),
        ({"secrets": []}, "secrets"),
        ({"secrets": ["file:a", "file:b", "file:c"]}, "secrets"),
        ({"secrets": ["file:a", "file:a"]}, "secrets"),
        ({"secrets": ["shpss_0123456789abcdef0123456789abcdef"]}, "secrets[0]"),
        ({"secrets": ["env:PATH"]}, "secrets[0]"),
        ({"secrets": ["file:../admin.key"]}, "secrets[0]"),
        ({"proxy_models": ["*"]}, "proxy_models[0]"),
        ({"checkout_models": ["*"]}, "checkout_models[0]"),
        ({"rate": 0}, "rate"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_bad_app_names_its_field(plane, changes, field):
    answer = plane.admin.put(URL, json=app(**changes))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_a_server_only_model_is_refused_to_browsers(plane, shop):
    shop.bootstrap()
    answer = plane.admin.put(URL, json=app(proxy_models=[shop.model]))
    assert answer.status_code == 409
    assert shop.model in answer.json()["detail"]
    assert plane.admin.put(URL, json=app(checkout_models=["nothing"])).status_code == 404


def test_only_who_may_hand_out_keys_opens_doors(plane):
    manager = plane.person("release_manager")
    assert manager.put(URL, json=app()).status_code == 403
    assert manager.get("/api/v1/shopify-apps").status_code == 403
    assert manager.delete(URL).status_code == 403


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scopes": ["infer"]}, "scopes"),
        ({"scopes": ["browser", "pin"]}, "scopes"),
        ({"origins": None}, "origins"),
        ({"origins": []}, "origins"),
        ({"origins": ["https://shop.example", "*"]}, "origins[1]"),
        ({"rate": None}, "rate"),
        ({"models": ["*"]}, "models[0]"),
    ],
)
def test_a_publishable_key_is_narrow_in_every_way(plane, public, changes, field):
    model, _ = public
    order = {
        "name": "theme",
        "models": [model],
        "scopes": ["browser"],
        "origins": ["https://shop.example"],
        "rate": 20,
    }
    answer = plane.admin.post("/api/v1/callers", json={**order, **changes})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field


def test_a_publishable_key_never_names_a_server_only_model(plane, shop):
    shop.bootstrap()
    order = {
        "name": "theme",
        "models": [shop.model],
        "scopes": ["browser"],
        "origins": ["https://shop.example"],
        "rate": 20,
    }
    assert plane.admin.post("/api/v1/callers", json=order).status_code == 409
