import pytest

pytestmark = pytest.mark.acceptance


def test_a_review_over_http(shop):
    version = shop.bootstrap()
    body = {"model": shop.model, "version": version, "reason": "  "}
    assert shop.author.post("/api/v1/kills", json=body).status_code == 422
    shop.author.post("/api/v1/kills", json=body | {"reason": "bad"}).raise_for_status()
    found = shop.author.get("/api/v1/reviews", params={"state": "open", "limit": 1000}).json()
    [review] = [each for each in found if each["model"] == shop.model]
    url = f"/api/v1/reviews/{review['id']}"
    answer = {"outcome": "justified", "notes": "saw it too"}
    assert shop.author.post(f"{url}/close", json=answer).status_code == 403
    assert shop.approver.post(f"{url}/close", json=answer | {"outcome": "x"}).status_code == 422
    closed = shop.approver.post(f"{url}/close", json=answer)
    assert closed.status_code == 200, closed.text
    assert shop.author.get(url).json()["closed_by"] == shop.approver.person
    overdue = shop.author.get("/api/v1/reviews", params={"state": "overdue", "limit": 1000}).json()
    assert review["id"] not in {each["id"] for each in overdue}
