"""The examples of docs/storefront.md do what the page says, against a real gateway."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bentos.contract.datatype import Datatype
from bentos.contract.documents import RoutesBody, SchemasBody, VersionSchema
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.route import Route, compile_features
from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec
from tests.gateway.gateway_process import GatewayProcess, publish_on_disk
from tests.gateway.shop import (
    APP_SECRET,
    BROWSER_KEY,
    DOMAIN,
    session_token,
    storefront_keys,
    write_secret,
)
from tests.gateway.versions import Versions

pytestmark = pytest.mark.acceptance
PAGE = Path(__file__).parents[2] / "docs" / "storefront.md"
SHOPIFY = Path(__file__).with_name("shopify_stand_in.mjs")
VERSION = "recommendations:20260101-aaaaaaaa"
SIGNATURE = ModelSignature(
    model="recommendations",
    inputs=(
        InputSpec(
            name="history",
            datatype=Datatype.INT64,
            shape=(-1,),
            required=False,
            default=[],
            max_length=8,
        ),
    ),
    outputs=(OutputSpec(name="fraud_probability", datatype=Datatype.FP32),),
)
SCHEMA = FeatureSchema(
    model="recommendations",
    features=(Feature(name="history", source="input:history", default=-1.0),),
)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    home, signature = tmp_path_factory.mktemp("docs"), SIGNATURE.digest()
    entry = VersionSchema(model="recommendations", signature=signature, features=SCHEMA.digest())
    schemas = SchemasBody(
        signatures={signature: SIGNATURE},
        features={SCHEMA.digest(): SCHEMA},
        versions={VERSION: entry},
        current={"recommendations": signature},
    )
    routes = RoutesBody(
        features=compile_features((Route(model="recommendations", stable=VERSION),))
    )
    models = ("recommendations",)
    keys = storefront_keys(proxy_models=models, checkout_models=models)
    theme = keys.keys["ffffffffffff"]
    keys.keys["ffffffffffff"] = type(theme)(
        digest=theme.digest,
        shop=theme.shop,
        name="theme",
        models=models,
        scopes=theme.scopes,
        rate=theme.rate,
        origins=("https://my-store.example",),
    )
    versions = Versions(home)
    try:
        places = {VERSION: versions.start(SCHEMA)}
        publish_on_disk(home, places, routes=routes, keys=keys, schemas=schemas)
        write_secret(home)
        with GatewayProcess(home).wait_ready() as process:
            yield process
    finally:
        versions.stop()


def example(name):
    """The text of a fenced example, by the word after its language."""
    [text] = re.findall(rf"^```\w+ {name}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return text


def run(gateway, *command, **more):
    environment = {
        **os.environ,
        "GATEWAY": gateway.url,
        "PUBLISHABLE_KEY": BROWSER_KEY,
        "SHOP": DOMAIN,
        "SECRET": APP_SECRET,
        **more,
    }
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run_in_node(gateway, text, call, **more):
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the page's JavaScript cannot be run")
    return run(gateway, node, str(SHOPIFY), text, call, **more)


@pytest.mark.parametrize(("allowed", "personalised"), [("1", True), ("", False)])
def test_the_theme_s_example_asks_through_the_app_proxy(gateway, allowed, personalised):
    text, call = example("theme"), "recommendations([17, 4])"
    answer = run_in_node(gateway, text, call, ALLOWED=allowed)
    assert answer["model_version"] == VERSION
    assert answer.get("personalised", True) is personalised


@pytest.mark.parametrize(("consent", "personalised"), [(15, True), (14, False)])
def test_the_checkout_s_example_asks_with_its_session_token(gateway, consent, personalised):
    text, call = example("checkout"), f'ask(sessionToken, {consent}, [{{ history: [17] }}], "b-1")'
    answer = run_in_node(gateway, text, call, TOKEN=session_token())
    assert answer["model_version"] == VERSION
    assert answer.get("personalised", True) is personalised


def test_the_direct_example_asks_with_a_publishable_key(gateway):
    answer = run(gateway, "bash", "-c", example("direct"))
    assert answer["model_version"] == VERSION
    assert "personalised" not in answer
