import json

import pytest

from control_plane.idempotency.secrecy import without_what_is_shown_once
from control_plane.people.secret import new_key


@pytest.mark.parametrize("name", ["key", "password", "secret", "token"])
def test_a_secret_at_any_depth_is_left_out(name):
    answer = {"id": "x", "made": [{"id": "y", name: "whsec_abc"}]}
    kept, shown_once = without_what_is_shown_once(json.dumps(answer))
    assert shown_once
    assert json.loads(kept) == {"id": "x", "made": [{"id": "y"}]}


def test_a_secret_under_a_name_nobody_thought_of_is_found_by_its_form():
    key = new_key()
    kept, shown_once = without_what_is_shown_once(json.dumps({"note": f"use {key.text}"}))
    assert shown_once
    assert key.secret not in kept


def test_what_holds_no_secret_is_kept_as_it_is():
    answer = {"id": "x", "keys": ["a"], "key": None, "key_id": "abc", "reason": "the key"}
    kept, shown_once = without_what_is_shown_once(json.dumps(answer))
    assert not shown_once
    assert json.loads(kept) == answer
