import os
import stat
import time

import pytest

from bentos.contract.errors import ContractError
from bentos.shopify_admin.bulk_hints import KEPT_S, BulkHints

SHOP = "demo.myshopify.com"
OURS = "gid://shopify/BulkOperation/720918"


@pytest.fixture
def hints(tmp_path):
    return BulkHints(tmp_path, SHOP)


def test_what_was_said_is_heard_once(hints, tmp_path):
    assert not hints.take(OURS)
    hints.leave(OURS)
    hints.leave(OURS)
    assert not BulkHints(tmp_path, "other.myshopify.com").take(OURS)
    assert not hints.take(OURS + "1")
    assert hints.take(OURS)
    assert not hints.take(OURS)


def test_a_hint_names_nothing_but_an_operation(hints, tmp_path):
    for said in ("", "../../keys/x", "gid://shopify/Order/1", OURS + "/../9", "720918"):
        hints.leave(said)
        assert not hints.take(said)
    assert list(tmp_path.rglob("*")) == []
    with pytest.raises(ContractError):
        BulkHints(tmp_path, "../demo")


def test_hints_nobody_waited_for_go_with_the_next_one(hints, tmp_path):
    hints.leave(OURS)
    (left,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert stat.S_IMODE(left.stat().st_mode) == 0o600
    old = time.time() - KEPT_S - 60
    os.utime(left, (old, old))
    hints.leave(OURS + "1")
    assert not hints.take(OURS)
    assert hints.take(OURS + "1")
