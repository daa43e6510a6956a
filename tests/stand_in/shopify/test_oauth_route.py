"""Tokens, as the facts describe them."""

import pytest

from tests.stand_in.shopify.calling import Calling

APP = {"client_id": "id", "client_secret": "secret"}


@pytest.fixture
def call(tmp_path):
    made = Calling(tmp_path, lines=1)
    yield made
    made.close()


def granted(call, **said):
    return call.post("/admin/oauth/access_token", json={**APP, **said})


def works(call, token):
    return call.answer("{ shop { name } }", token=token).status_code == 200


def test_client_credentials_last_a_day(call):
    said = granted(call, grant_type="client_credentials").json()
    assert said["expires_in"] == 86_399
    assert set(said) == {"access_token", "scope", "expires_in"}
    assert "read_orders" in said["scope"].split(",")
    call.clock.move(86_398)
    assert works(call, said["access_token"])
    call.clock.move(1)
    assert not works(call, said["access_token"])


def test_forms_are_taken_too(call):
    said = call.post("/admin/oauth/access_token", data={**APP, "grant_type": "client_credentials"})
    assert works(call, said.json()["access_token"])


def test_an_offline_token_lasts_an_hour_and_is_refreshed(call):
    first = granted(call, code="abc", expiring="1").json()
    assert first["expires_in"] == 3_600
    assert first["refresh_token_expires_in"] == 90 * 86_400
    call.clock.move(3_600)
    assert not works(call, first["access_token"])
    second = granted(call, grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    assert works(call, second["access_token"])
    assert second["refresh_token"] != first["refresh_token"]


def test_the_old_refresh_token_survives_until_the_new_one_is_used(call):
    def refresh(token):
        return granted(call, grant_type="refresh_token", refresh_token=token)

    first = granted(call, code="abc", expiring="1").json()["refresh_token"]
    lost = refresh(first).json()["refresh_token"]
    second = refresh(first).json()["refresh_token"]
    assert lost != second
    third = refresh(second)
    assert third.status_code == 200
    refused = refresh(first)
    assert refused.status_code == 401
    assert refused.json() == {
        "error": "invalid_request",
        "error_description": "This request requires an active refresh_token",
    }


def test_a_refresh_token_ends_after_ninety_days(call):
    first = granted(call, code="abc", expiring="1").json()["refresh_token"]
    call.clock.move(90 * 86_400)
    assert granted(call, grant_type="refresh_token", refresh_token=first).status_code == 401


def test_a_token_that_does_not_expire_is_of_no_use(call):
    said = granted(call, code="abc").json()
    assert "expires_in" not in said
    assert not works(call, said["access_token"])


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"client_secret": "wrong", "grant_type": "client_credentials"}, 401),
        ({"client_id": "wrong", "grant_type": "client_credentials"}, 401),
        ({"grant_type": "password"}, 400),
        ({}, 400),
    ],
)
def test_refused(call, said, status):
    answer = granted(call, **said)
    assert answer.status_code == status
    assert "access_token" not in answer.json()
