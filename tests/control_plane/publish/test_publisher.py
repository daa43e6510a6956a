import signal

import pytest

pytestmark = pytest.mark.acceptance


def test_killed_between_commit_and_publication_it_heals_on_the_next_start(new_plane, open_shop):
    plane = new_plane
    plane.start()
    shop = open_shop(plane)
    shop.bootstrap()
    release = shop.must(shop.started(2), "ramp")
    answer = shop.tell(release, "promote")
    # At once: whether the publisher's pass was made or not, the next process makes it.
    plane.stop(signal.SIGKILL)
    assert answer.status_code == 200
    plane.start()
    shop.routed(lambda f: f["defaultValue"]["serve"] == release["candidate"])
    before = plane.holder("gateway").get("/gateway/v1/documents/index").json()
    assert plane.admin.get("/api/v1/register/verify").json()["ok"]

    # Nothing changed, so a restart publishes nothing; open streams do not hold it up.
    with plane.holder("gateway").stream("GET", "/gateway/v1/documents") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: document"
        for _ in range(3):
            assert plane.client(None).get("/api/v1/keys").status_code == 401
        assert plane.stop() == 0
    plane.start()
    wanted = {"entity": "GET /api/v1/keys"}
    denied = plane.admin.get("/api/v1/register/events", params=wanted).json()
    assert [event["diff"] for event in denied] == [{}, {"denied": 2}]
    assert plane.holder("gateway").get("/gateway/v1/documents/index").json() == before
