"""Bulk operations that are still written when the stand-in ends."""

from itertools import repeat

from tests.stand_in.shopify import bulk_operations
from tests.stand_in.shopify.bulk_operations import BulkOperations


def test_what_is_being_written_ends_with_the_shop(tmp_path, monkeypatch):
    monkeypatch.setattr(bulk_operations, "compiled", lambda *_: [])
    monkeypatch.setattr(bulk_operations, "lines", lambda *_, **__: repeat((b"{}\n", True)))
    operations = BulkOperations(lambda: 0.0, tmp_path)
    begun = operations.run(None, None, "", grouped=False)
    assert begun.progress.done_at is None
    operations.stop()
    assert begun.progress.done_at == 0.0
    operations.written(begun.number)
