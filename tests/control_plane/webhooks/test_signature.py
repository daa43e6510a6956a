"""Signatures are what the Standard Webhooks library, and its published vector, take."""

import base64
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from control_plane.webhooks import signature

# From the specification's own test suites.
VECTOR = {
    "secret": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "seconds": 1614265330,
    "body": b'{"test": 2432232314}',
    "signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def test_the_published_vector():
    secret = base64.b64decode(VECTOR["secret"])
    made = signature.headers(VECTOR["id"], VECTOR["seconds"], VECTOR["body"], [secret])
    assert made == {
        "webhook-id": VECTOR["id"],
        "webhook-timestamp": str(VECTOR["seconds"]),
        "webhook-signature": VECTOR["signature"],
    }


def test_the_library_takes_what_is_signed_with_any_live_secret_and_nothing_else():
    new, old, gone = (signature.new_secret() for _ in range(3))
    body = '{"type":"release.ramped","data":{"naïve":"日本"}}'
    made = signature.headers("msg_1", int(time.time()), body.encode(), [new, old])
    assert made["webhook-signature"].count("v1,") == 2
    for secret in (new, old):
        assert Webhook(signature.shown(secret)).verify(body, made)["type"] == "release.ramped"
    with pytest.raises(WebhookVerificationError):
        Webhook(signature.shown(gone)).verify(body, made)
    for broken in ({"webhook-id": "msg_2"}, {"webhook-timestamp": str(int(time.time()) - 1)}):
        with pytest.raises(WebhookVerificationError):
            Webhook(signature.shown(new)).verify(body, made | broken)
    with pytest.raises(WebhookVerificationError):
        Webhook(signature.shown(new)).verify(body + " ", made)


def test_a_secret_is_of_the_form_and_size_the_specification_asks_for():
    text = signature.shown(signature.new_secret())
    assert text.startswith("whsec_")
    assert 24 <= len(base64.b64decode(text.removeprefix("whsec_"))) <= 64
    assert signature.new_secret() != signature.new_secret()
