import pytest

from bentos.contract.errors import ContractError
from control_plane.releases.precondition import entity_tag, expected


def test_the_tag_of_a_revision_is_read_back():
    assert expected(entity_tag(7), None) == 7
    assert expected(entity_tag(7), 7) == 7
    assert expected(None, 7) == 7
    assert expected(None, None) is None


@pytest.mark.parametrize("tag", ["*", 'W/"7"', '"7", "8"', "7", '""', '"0"', '"-1"', '"x"'])
def test_a_tag_that_names_no_single_revision_is_refused(tag):
    with pytest.raises(ContractError, match="If-Match"):
        expected(tag, None)


def test_two_revisions_are_one_too_many():
    with pytest.raises(ContractError, match="expected_revision"):
        expected('"7"', 8)


@pytest.mark.acceptance
def test_if_match_over_http(shop):
    shop.bootstrap()
    drafted = shop.draft(shop.register(2))
    url = f"/api/v1/releases/{drafted['id']}"
    found = shop.author.get(url)
    assert found.headers["etag"] == '"1"'
    edited = shop.edit(drafted, steps=[{"weight": 0.1, "hold_s": 60}])
    assert (edited.status_code, edited.headers["etag"]) == (200, '"2"')
    assert (edited.json()["steps"], edited.json()["plan"][0]["hold_s"]) == ([0.1], 60)

    stale = shop.edit(drafted, steps=[0.2])
    assert stale.status_code == 412
    body = stale.json()
    assert body["current_revision"] == 2
    assert body["conflict"]["differences"]["steps"] == [[0.05, 0.25], [0.1]]
    [change] = body["conflict"]["changes"]
    assert (change["by"], change["revision"]) == (shop.author.person, 2)
    # Said in the body, it is a conflict.
    in_body = shop.author.patch(url, json={"steps": [0.2], "expected_revision": 1})
    assert in_body.status_code == 409
    assert in_body.json()["conflict"] == body["conflict"]

    assert shop.author.patch(url, json={"steps": [0.2]}).status_code == 428
    shop.must(drafted, "submit")
    blind = {"reason": "x"}
    assert shop.approver.post(f"{url}/approve", json=blind).status_code == 428
