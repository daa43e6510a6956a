import pytest

from control_plane import clock
from control_plane.errors import ConflictError
from control_plane.webhooks import secrets, service
from control_plane.webhooks.seal import Seal, UnreadableError
from control_plane.webhooks.signature import shown

URL = "http://127.0.0.1:1/"


def opened(installation, webhook, seal=None, now=None):
    found = installation.read(
        secrets.open_secrets, seal or installation.seal, webhook, now or clock.now()
    )
    return [shown(each) for each in found]


def rotate(installation, admin, webhook, overlap_s):
    return installation.write(
        service.rotate_secret, admin, installation.seal, webhook, overlap_s
    ).secret


def test_while_one_is_rotated_two_are_live_and_a_third_never_is(installation, admin):
    webhook, first = installation.subscribe(URL)
    assert opened(installation, webhook) == [first]
    second = rotate(installation, admin, webhook, 3600)
    assert opened(installation, webhook) == [second, first]
    with pytest.raises(ConflictError, match="two secrets are live"):
        rotate(installation, admin, webhook, 3600)
    assert opened(installation, webhook, now=clock.later(3601)) == [second]


def test_one_that_leaked_ends_at_once(installation, admin):
    webhook, _ = installation.subscribe(URL)
    rotate(installation, admin, webhook, 3600)
    last = rotate(installation, admin, webhook, 0)
    assert opened(installation, webhook) == [last]


def test_a_row_that_was_moved_to_another_webhook_does_not_open(installation):
    one, _ = installation.subscribe(URL)
    two, _ = installation.subscribe(URL, name="two")
    with installation.database.write() as session:
        [stolen] = secrets.live_secrets(session, one, clock.now())
        [target] = secrets.live_secrets(session, two, clock.now())
        target.sealed = stolen.sealed
        session.add(target)
    with pytest.raises(UnreadableError):
        opened(installation, two)


def test_after_the_key_was_rotated_all_are_sealed_with_the_new_one(installation):
    webhook, secret = installation.subscribe(URL)
    old, new = bytes(range(32)), bytes(32)
    both = Seal([new, old])
    assert installation.write(secrets.reseal, both) == 1
    assert installation.write(secrets.reseal, both) == 0
    assert opened(installation, webhook, Seal([new])) == [secret]
    # One that no key opens stays as it is, for the key that does.
    assert installation.write(secrets.reseal, Seal([bytes([7] * 32)])) == 0
    assert opened(installation, webhook, Seal([new])) == [secret]
