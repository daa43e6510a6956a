"""Where and when something was heard."""

from typing import NamedTuple


class Place(NamedTuple):
    """``domain`` is Shopify's name of the shop, ``shop`` the installation's."""

    domain: str
    shop: str
    heard_at: str
