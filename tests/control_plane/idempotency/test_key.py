import pytest

from bentos.contract.register import Actor, ActorType
from control_plane.errors import MalformedError
from control_plane.idempotency.key import ask, read_key

UUID = "8e03978e-40d5-43dd-bc93-6894a57f9324"
BASE = {
    "key": UUID,
    "method": "POST",
    "path": "/api/v1/releases",
    "query": b"",
    "if_match": None,
    "body": b"{}",
}


def test_a_key_is_taken_with_and_without_the_quotes_of_a_structured_field():
    assert read_key([]) is None
    assert read_key([f'"{UUID}"']) == read_key([UUID]) == UUID


@pytest.mark.parametrize(
    "values", [[""], ['""'], ["a b"], ["a" * 256], ["\x00"], ["é"], [UUID, UUID], ['"a', "b"]]
)
def test_what_is_no_key_is_refused_and_told(values):
    with pytest.raises(MalformedError, match="Idempotency-Key: expected one key of 1 to 255"):
        read_key(values)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"path": "/api/v1/kills"},
        {"query": b"wait=served"},
        {"if_match": '"1"'},
        {"body": b"{} "},
        {"key": "another"},
    ],
)
def test_whatever_changes_what_is_asked_makes_another_request(change):
    assert ask(**BASE) == ask(**BASE)
    assert ask(**BASE).fingerprint != ask(**(BASE | change)).fingerprint


def test_a_key_is_its_senders_own():
    asked = ask(**BASE)
    kinds = (ActorType.PERSON, ActorType.SERVICE)
    actors = [Actor(type=kind, id=who, auth_method="key") for kind in kinds for who in "ab"]
    assert len({asked.id_for(actor) for actor in actors}) == 4
    # Somebody's second API key is still them.
    again = Actor(type=kinds[0], id="a", auth_method="session", key_id="other")
    assert asked.id_for(again) == asked.id_for(actors[0])
