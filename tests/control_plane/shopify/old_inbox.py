"""An inbox with its writer and its keeper, and rows as old as a test says."""

from functools import partial

from control_plane import clock
from control_plane.shopify import keeping, pace
from control_plane.shopify.inbox import State, open_inbox
from control_plane.shopify.inbox_writer import InboxWriter
from control_plane.shopify.keeping import Keeping
from control_plane.shopify.settings import IngressSettings
from tests.control_plane.inbox_row import put, put_delivery, put_order, put_outcome

DOMAIN, SHOP = "demo-shop.myshopify.com", "demo-shop"


class OldInbox:
    """A home's inbox with its writer, and rows as old as a test says."""

    def __init__(self, home):
        self.settings = IngressSettings(home=home)
        self.rows = open_inbox(self.settings.inbox)
        self.writer = InboxWriter(open_inbox(self.settings.inbox), lambda *_: 0, 10)
        self.writer.start()
        self.counted, self.held = {}, []

    def order(self, number, days, *, customer=None, state="sent", outcome_days=None):
        heard = clock.later(-days * 86_400)
        micros = int(1e6 * (clock.seconds_between("1970-01-01T00:00:00.000000Z", heard)))
        whose = {"domain": DOMAIN, "shop": SHOP, "customer": customer}
        put_order(self.rows, number, updated_us=micros, created_us=micros, **whose)
        self.add(
            "order_line",
            domain=DOMAIN,
            order_id=number,
            number=0,
            created_us=micros,
            customer=customer,
            test=0,
            quantity=1,
            unit_price=1,
            list_price=1,
        )
        self.add(
            "assessment", domain=DOMAIN, order_id=number, state=state, queued_at=heard, due_at=heard
        )
        if outcome_days is not None:
            self.outcome(number, outcome_days)

    def outcome(self, number, days):
        known_at = clock.later(-days * 86_400)
        put_outcome(self.rows, number, domain=DOMAIN, kind="refund", known_at=known_at)

    def delivery(self, number, days, state, topic="orders/create"):
        at = clock.later(-days * 86_400)
        done_at = None if state in (State.WAITING, State.SET_ASIDE) else at
        whose = {"topic": topic, "shop": SHOP, "domain": DOMAIN}
        put_delivery(self.rows, number, received_at=at, state=state, done_at=done_at, **whose)

    def close(self):
        if self.writer.takes:
            self.writer.stop()
        self.rows.close()

    def add(self, table, **values):
        put(self.rows, table, **values)

    def there(self, table="shop_order", column="id"):
        return {row[0] for row in self.rows.execute(f"SELECT {column} FROM {table}")}

    def run(self, **settings):
        chosen = IngressSettings(home=self.settings.home, **settings)
        return Keeping(chosen, self.writer, self.counted.__setitem__, self.held.append).run()

    def due(self):
        return {each.place: (each.due, each.held) for each in keeping.due(self.settings, self.rows)}


def two_at_once(monkeypatch):
    """Two rows or orders in a transaction."""
    for bound in ("LEAST", "MOST"):
        monkeypatch.setattr(pace, bound, 2)
    monkeypatch.setattr(keeping, "Pace", partial(pace.Pace, 2))
