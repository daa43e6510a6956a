import json

import pytest

from control_plane.follow import payload as module
from control_plane.follow.payload import RefusedError, read_payload
from tests.control_plane.follow.conftest import DECRYPTION_KEY, encrypted, payload

DATE = "2026-08-21T14:38:25.000Z"
ROUTES = {"model.m": {"defaultValue": {"serve": "m:1"}}}


def read(body, key=None):
    return read_payload(json.dumps(body).encode(), key)


def test_a_payload_is_read_in_clear_and_encrypted():
    groups = {"g": ["DE"]}
    plain = read(payload(ROUTES, date=DATE, savedGroups=groups))
    assert (plain.features, plain.groups) == (ROUTES, groups)
    assert plain.date == "2026-08-21T14:38:25.000000Z"
    hidden = payload(ROUTES, date=DATE, encrypt=True, encryptedSavedGroups=encrypted(groups))
    assert read(hidden, DECRYPTION_KEY) == plain


@pytest.mark.parametrize(
    ("body", "key", "why"),
    [
        (b"<html>", None, "no JSON"),
        (b"\xff", None, "no JSON"),
        (b"[" * 100_000, None, "no JSON"),
        (b"[]", None, "no object"),
        (b"{}", None, "features"),
        (b'{"features":[]}', None, "features"),
        (b'{"features":{}}', None, "dateUpdated"),
        (b'{"features":{},"dateUpdated":7}', None, "dateUpdated"),
        (b'{"features":{},"dateUpdated":"2026-01-01"}', None, "dateUpdated"),
        (
            b'{"features":{},"savedGroups":[],"dateUpdated":"2026-01-01T00:00:00Z"}',
            None,
            "savedGroups",
        ),
        (json.dumps(payload(ROUTES)).encode(), DECRYPTION_KEY, "in clear"),
        (json.dumps(payload(ROUTES, encrypt=True)).encode(), None, "encrypted"),
        (json.dumps(payload(ROUTES, encrypt=True)).encode(), "A" * 24, "cannot be decrypted"),
        (json.dumps(payload(ROUTES, encrypt=True)).encode(), "short", "cannot be decrypted"),
        (
            b'{"encryptedFeatures":"x","dateUpdated":"2026-01-01T00:00:00Z"}',
            DECRYPTION_KEY,
            "decrypted",
        ),
        (
            b'{"encryptedFeatures":7,"dateUpdated":"2026-01-01T00:00:00Z"}',
            DECRYPTION_KEY,
            "decrypted",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(body, key, why):
    with pytest.raises(RefusedError, match=why) as refused:
        read_payload(body, key)
    assert key is None or key not in refused.value.why


def test_a_payload_has_an_end(monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    with pytest.raises(RefusedError, match="more than 10"):
        read_payload(b" " * 11, None)
