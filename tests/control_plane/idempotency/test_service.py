import json

import pytest
from sqlmodel import select
from starlette.responses import Response

from control_plane import clock
from control_plane.db import Database
from control_plane.errors import DoneAlreadyError, KeyReusedError
from control_plane.idempotency.key import Asked
from control_plane.idempotency.models import AnswerRow
from control_plane.idempotency.service import MAX_KEPT_BYTES, ReplayedError, check, keep

ASKED = Asked(key="k", fingerprint="f")
MEDIA = "application/json"


@pytest.fixture
def database(any_databases):
    database = Database(any_databases.migrated())
    yield database
    database.dispose()


def kept(database, body, status=201, headers=None, answer_id="a"):
    response = Response(body, status, headers, media_type=MEDIA)
    with database.write() as session:
        keep(session, answer_id, ASKED, "POST /things", response)


def asked_again(database, asked=ASKED, answer_id="a"):
    with database.write() as session:
        check(session.connection(), answer_id, asked)


def test_what_was_answered_is_answered_again_with_its_etag(database):
    asked_again(database)
    kept(database, b'{"id": 1}', headers={"etag": '"3"', "x-other": "no"})
    with pytest.raises(ReplayedError) as raised:
        asked_again(database)
    again = raised.value.response
    assert (again.status_code, again.body) == (201, b'{"id": 1}')
    assert again.headers["etag"] == '"3"'
    assert again.headers["content-type"] == MEDIA
    assert again.headers["idempotency-replayed"] == "true"
    assert "x-other" not in again.headers
    asked_again(database, answer_id="somebody else's")


def test_an_empty_answer_is_one(database):
    kept(database, b"", status=204)
    with pytest.raises(ReplayedError) as raised:
        asked_again(database)
    assert raised.value.response.status_code == 204


def test_the_key_with_another_request_is_refused(database):
    kept(database, b"{}")
    with pytest.raises(KeyReusedError, match="came with another request, to POST /things"):
        asked_again(database, Asked(key="k", fingerprint="other"))


def test_a_secret_is_not_kept_and_what_was_made_is_told(database):
    kept(database, json.dumps({"id": 7, "key": "sesame"}).encode())
    with database.read() as session:
        assert "sesame" not in str(session.exec(select(AnswerRow)).one().model_dump())
    with pytest.raises(DoneAlreadyError, match="revoke or rotate") as raised:
        asked_again(database)
    assert raised.value.members == {"made": {"id": 7}}


def test_a_long_answer_is_not_kept_but_that_it_was_given(database):
    kept(database, json.dumps("x" * MAX_KEPT_BYTES).encode())
    with pytest.raises(DoneAlreadyError, match="too long to keep"):
        asked_again(database)


def test_after_its_time_a_key_is_forgotten_and_may_come_again(database):
    kept(database, b"{}")
    kept(database, b"{}", answer_id="b")
    with database.write() as session:
        for row in session.exec(select(AnswerRow)):
            row.expires_at = clock.later(-1)
    asked_again(database)
    kept(database, b"{}")
    with database.read() as session:
        assert [row.id for row in session.exec(select(AnswerRow))] == ["a"]
