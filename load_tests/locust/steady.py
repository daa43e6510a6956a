"""As many shoppers as asked for, all the time. Also the load of ``rollback`` and ``bento-down``."""

from shopper import Shopper

__all__ = ["Shopper"]
