"""An uninstalled app's credentials are forgotten; those of a new installation are not."""

import pytest

from bentos.shopify_admin.connection import Connection, ConnectionStore
from bentos.shopify_admin.errors import ShopClosed, Unauthorized, Unavailable
from control_plane import clock
from control_plane.shopify.admin import Admins
from control_plane.shopify.effects import put_uninstalled
from control_plane.shopify.farewell import Farewell
from control_plane.shopify.inbox import open_inbox
from control_plane.shopify.inbox_writer import InboxWriter
from control_plane.shopify.metrics import Metrics
from control_plane.shopify.place import Place

DOMAIN, OTHER = "demo-shop.myshopify.com", "other-shop.myshopify.com"


class Shops(Admins):
    """The real credentials; Shopify is played."""

    says, looks = None, 0

    def of(self, domain):
        return self

    def look(self):
        self.looks += 1
        if self.says is not None:
            raise self.says


@pytest.fixture
def home(tmp_path):
    store = ConnectionStore(tmp_path / "keys")
    for shop in (DOMAIN, OTHER):
        store.write(Connection(shop=shop, grant="static", access_token="shpat_1"))
    path = tmp_path / "inbox.db"
    writer = InboxWriter(open_inbox(path), lambda *_: 0, 10)
    writer.start()
    shops, metrics = Shops(tmp_path, tmp_path / "keys"), Metrics()
    yield store, writer, shops, metrics, Farewell(path, writer, shops, metrics)
    writer.stop()


def uninstall(writer, at=None):
    place = Place(DOMAIN, "demo-shop", at or clock.now())
    writer.write(lambda inbox: put_uninstalled(inbox, place))


@pytest.mark.parametrize("error", [Unauthorized("401"), ShopClosed("404", "", 404)])
def test_credentials_that_work_no_more_are_forgotten_once(home, error):
    store, writer, shops, metrics, farewell = home
    shops.says = error
    farewell.run()
    assert store.shops() == [DOMAIN, OTHER]
    uninstall(writer)
    farewell.run()
    assert store.shops() == [OTHER]
    assert b'uninstalled_total{outcome="forgotten"} 1.0' in metrics.page()
    # Connected again: this uninstallation was seen to.
    store.write(Connection(shop=DOMAIN, grant="static", access_token="shpat_2"))
    farewell.run()
    assert store.shops() == [DOMAIN, OTHER]
    assert shops.looks == 1


def test_those_of_a_new_installation_stay(home):
    store, writer, shops, metrics, farewell = home
    uninstall(writer)
    farewell.run()
    farewell.run()
    assert (store.shops(), shops.looks) == ([DOMAIN, OTHER], 1)
    assert b'uninstalled_total{outcome="connected_again"} 1.0' in metrics.page()


def test_while_shopify_is_away_it_is_asked_again_for_a_day(home):
    store, writer, shops, _, farewell = home
    shops.says = Unavailable("away")
    uninstall(writer)
    farewell.run()
    farewell.run()
    assert (store.shops(), shops.looks) == ([DOMAIN, OTHER], 2)
    uninstall(writer, clock.later(-90_000))
    farewell.run()
    assert store.shops() == [OTHER]


def test_a_second_uninstallation_is_seen_to_as_well(home):
    store, writer, shops, _, farewell = home
    uninstall(writer, clock.later(-50))
    farewell.run()
    shops.says = Unauthorized("401")
    uninstall(writer)
    farewell.run()
    assert store.shops() == [OTHER]
