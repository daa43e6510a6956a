"""A database that is away for a while, under the parts that streams need."""

from contextlib import contextmanager

from control_plane.errors import UnavailableError
from control_plane.publish.feed import Feed


class Away:
    """``feed`` and ``database`` as streams use them; with ``back`` nobody's key is known."""

    def __init__(self):
        self.feed = Feed()
        self.back = False
        self.database = self

    @contextmanager
    def read(self):
        if not self.back:
            raise UnavailableError("away")
        yield None
