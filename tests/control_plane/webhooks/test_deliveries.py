import pytest

from control_plane.errors import ConflictError, ForbiddenError, NotFoundError
from control_plane.paging import Listing
from control_plane.principal import system
from control_plane.webhooks import deliveries, outbox, service
from control_plane.webhooks.deliveries import Asked
from control_plane.webhooks.delivery_state import DeliveryState

URL = "http://127.0.0.1:1/"


@pytest.fixture
def webhook(installation):
    webhook, _ = installation.subscribe(URL)
    installation.happen(*"abcde")
    installation.write(outbox.advance)
    return webhook


def listed(installation, **asked):
    return installation.read(deliveries.list_deliveries, Asked(**asked))


def test_the_list_comes_in_pages_newest_first(installation, webhook):
    everything = [each["id"] for each in listed(installation)]
    assert everything == sorted(everything, reverse=True)
    pages, after = [], None
    while not pages or after is not None:
        page = Listing(2, after)
        found = installation.read(deliveries.list_deliveries, Asked(type="kill.set"), page)
        pages.append([each["id"] for each in found])
        after = page.following
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [each for page in pages for each in page] == everything


def test_the_list_is_narrowed(installation, webhook):
    other, _ = installation.subscribe(URL, "kill.cleared", name="other")
    assert len(listed(installation, webhook=webhook, type="kill.set")) == 5
    assert listed(installation, webhook=other) == []
    assert listed(installation, state=DeliveryState.DEAD) == []
    assert len(listed(installation, state=DeliveryState.PENDING)) == 5


def test_what_is_pending_or_disabled_is_not_sent_again(installation, webhook, admin):
    first = listed(installation)[0]["id"]
    with pytest.raises(ConflictError, match="pending"):
        installation.write(deliveries.redeliver, admin, first)
    installation.write(service.disable_webhook, admin, webhook, "test")
    dead = listed(installation, state=DeliveryState.DEAD)
    assert {each["note"] for each in dead} == {"the webhook was disabled: test"}
    with pytest.raises(ConflictError, match="disabled"):
        installation.write(deliveries.redeliver, admin, first)
    installation.write(service.enable_webhook, admin, webhook)
    assert installation.write(deliveries.redeliver, admin, first)["state"] == "pending"
    later = "2099-01-01T00:00:00Z"
    assert installation.write(deliveries.redeliver_dead, admin, webhook, later) == 0
    assert installation.write(deliveries.redeliver_dead, admin, webhook) == 4


def test_it_takes_the_permission_at_the_service_too(installation, webhook):
    nobody = system("nobody")
    for order in (
        lambda session: deliveries.redeliver_dead(session, nobody, webhook),
        lambda session: service.disable_webhook(session, nobody, webhook, "x"),
        lambda session: service.delete_webhook(session, nobody, webhook),
        lambda session: service.send_test(session, nobody, webhook),
    ):
        with pytest.raises(ForbiddenError):
            installation.write(order)


def test_deleting_takes_everything_along(installation, webhook, admin):
    delivery = listed(installation)[0]["id"]
    installation.write(service.delete_webhook, admin, webhook)
    assert listed(installation) == []
    with pytest.raises(NotFoundError):
        installation.read(deliveries.get_delivery, delivery)


def test_how_things_stand(installation, webhook, admin):
    now = installation.clock
    assert installation.read(deliveries.count, now()).pending == 5
    installation.clock.forward(100)
    assert installation.read(deliveries.count, now()).oldest_s >= 100
    installation.write(service.disable_webhook, admin, webhook, "test")
    counts = installation.read(deliveries.count, now())
    assert (counts.pending, counts.dead, counts.oldest_s) == (0, 5, 0)
