import asyncio
import signal

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bentos.contract.documents import DocumentName, decode_body
from control_plane.db import Database
from control_plane.metrics import Metrics
from control_plane.publish import archive
from control_plane.publish.feed import Feed
from control_plane.publish.models import InstallationRow
from control_plane.publish.publisher import Publisher
from control_plane.publish.signing import Signer
from tests.control_plane.publish.test_feed import document as feed_document


@pytest.mark.slow
@pytest.mark.acceptance
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


def revision_of(plane, name):
    index = plane.holder("gateway").get("/gateway/v1/documents/index").json()
    return next(each["revision"] for each in index if each["name"] == name)


@pytest.mark.acceptance
def test_a_change_may_be_answered_once_it_is_served(shop):
    version = shop.bootstrap()
    body = {"model": shop.model, "version": version, "reason": "test"}
    answer = shop.author.post("/api/v1/kills?wait=served", json=body)
    assert answer.status_code == 201
    assert answer.headers["x-signalbox-committed-at"] >= answer.json()["set_at"]
    epoch, number = revision_of(shop.plane, "kill")
    assert shop.model in shop.plane.document("kill")["models"]
    served = [int(part) for part in answer.headers["x-signalbox-served-revision"].split(".")]
    assert served >= [epoch, number]
    plain = shop.author.request("DELETE", f"/api/v1/kills/{shop.model}", json={"reason": "test"})
    assert "x-signalbox-served-revision" not in plain.headers
    assert shop.author.post("/api/v1/kills?wait=for-ever", json=body).status_code == 422
    read = shop.author.get("/api/v1/kills?wait=served")
    assert "x-signalbox-committed-at" not in read.headers


@pytest.mark.acceptance
def test_a_kill_is_published_before_the_routes_that_follow_and_ends_after_them(shop):
    version = shop.bootstrap()
    release = shop.must(shop.started(2), "ramp")
    body = {"model": shop.model, "version": version, "reason": "test"}
    shop.author.post("/api/v1/kills?wait=served", json=body).raise_for_status()
    # The release is halted at 0 % by the same change: gateways are killed before they hear of it.
    assert revision_of(shop.plane, "kill") < revision_of(shop.plane, "routes")
    assert shop.feature()["rules"][0]["ranges"][1] == [0, 0]
    end = {"reason": "test"}
    shop.author.request("DELETE", f"/api/v1/kills/{shop.model}?wait=served", json=end)
    assert revision_of(shop.plane, "kill") > revision_of(shop.plane, "routes")
    assert release["candidate"] in str(shop.feature())


async def test_a_step_that_fails_stops_no_other_and_is_tried_again(databases):
    database = Database(databases.migrated())
    with database.write() as session:
        session.add(InstallationRow(id=1, epoch=1, shop="s", environment="test", created_at="2026"))
    feed = Feed()
    signer = Signer(Ed25519PrivateKey.generate())
    publisher = Publisher(database, signer, feed, Metrics(), interval_s=60)
    kills, routes, everything = publisher._reconciler.steps

    def broken():
        raise ArithmeticError("no such route")

    publisher._reconciler.steps = (kills, broken, everything)
    await asyncio.to_thread(publisher.start, asyncio.get_running_loop())
    try:
        number = publisher.wake()
        async with asyncio.timeout(60):
            while set(feed.documents) != set(DocumentName):  # noqa: ASYNC110 - no event tells it
                await asyncio.sleep(0.01)
        assert publisher.failing == "ArithmeticError: no such route"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(publisher.passed(number), 0.1)
        publisher._reconciler.steps = (kills, routes, everything)
        assert await asyncio.wait_for(publisher.passed(publisher.wake()), 60) == feed.revision
        assert publisher.failing is None
        # Asked once it is over, there is nothing to wait for.
        assert await asyncio.wait_for(publisher.passed(number), 60) == feed.revision
    finally:
        await asyncio.to_thread(publisher.stop)
        database.dispose()


async def test_a_kill_that_was_published_along_is_told_though_every_pass_fails(databases):
    database = Database(databases.migrated())
    with database.write() as session:
        session.add(InstallationRow(id=1, epoch=1, shop="s", environment="test", created_at="2026"))
    feed = Feed()
    signer = Signer(Ed25519PrivateKey.generate())
    publisher = Publisher(database, signer, feed, Metrics(), interval_s=60)
    await asyncio.to_thread(publisher.start, asyncio.get_running_loop())
    try:
        await publisher.passed(publisher.wake())

        def broken():
            raise ArithmeticError("no pass can be made")

        publisher._reconciler.steps = (broken,)
        header, data = feed_document(DocumentName.KILL, feed.revision.number + 1)
        with database.write() as session:
            archive.installation(session).environment = "changed"
        number = publisher.committed([(header, data, decode_body(header.name, data))])
        async with asyncio.timeout(60):
            while feed.revision != header.revision or not publisher.failing:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        # The pass that follows was woken too, and is the one to wait for.
        assert publisher.failing == "ArithmeticError: no pass can be made"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(publisher.passed(number), 0.1)
        assert publisher._reconciler.in_force.headers[DocumentName.KILL] == header
    finally:
        await asyncio.to_thread(publisher.stop)
        database.dispose()
