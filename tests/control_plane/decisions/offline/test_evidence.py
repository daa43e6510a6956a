"""The evidence for one decision verifies with two public keys, and nothing in it can be changed."""

import json
import random
import subprocess
import sys

import pytest

from control_plane.audit.offline.notes import Policy, Unproven, read_key
from control_plane.decisions.offline import __main__ as command
from control_plane.decisions.offline.documents import read_document_keys
from control_plane.decisions.offline.evidence import check_evidence

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def decided(shop, gateway, canary):
    """Decisions by the route of a release: (release, key → id)."""
    ids = {f"k{n}": gateway.decide(shop.model, f"k{n}") for n in range(11)}
    ids[""] = gateway.decide(shop.model)
    gateway.ship()
    return canary, ids


@pytest.fixture
def prove(auditor):
    def prove(decision_id, **asked):
        answer = auditor.get(f"/api/v1/decisions/{decision_id}/evidence", params=asked)
        assert answer.status_code == 200, answer.text
        return answer.text

    return prove


@pytest.fixture
def check(plane):
    keys = plane.home / "keys"
    policy = Policy(read_key(str(keys / "register.pub")))
    documents = read_document_keys([keys / "documents.pub"])
    return lambda text: check_evidence(text, policy, documents)


def test_it_tells_who_decided_what_by_which_route_and_who_let_it(
    shop, gateway, decided, prove, check, events
):
    release, ids = decided
    text = prove(ids["k1"], personal=True)
    told = check(text).summary
    assert told["release"]["id"] == release["id"]
    assert told["release"]["approved_by"] == [shop.approver.person]
    assert told["release"]["author"] == shop.author.person
    assert told["route"]["rule"] == release["id"]
    low, high = told["route"]["range"]
    assert low <= told["bucket"] / 10_000 < high
    version = told["versions"][told["assigned_version"]]
    assert len(version["dataset_digest"]) == 64
    assert gateway.subject("k1") in json.loads(text)["personal"]
    assert events("decision:evidence")[-1]["entity"] == f"decision:{ids['k1']}"
    assert events("decision:evidence")[-1]["diff"] == {"personal": True}


def test_without_a_split_it_tells_the_promotion(decided, prove, check):
    _, ids = decided
    told = check(prove(ids[""])).summary
    assert told["route"] == {"kind": "default"}
    assert told["release"]["kind"] == "bootstrap"
    assert told["personal_state"] == "withheld"


def test_a_raw_key_has_its_bucket_computed_again(plane, decided, prove, tmp_path):
    _, ids = decided
    file, key = tmp_path / "evidence.json", tmp_path / "key"
    file.write_text(prove(ids["k1"]))
    keys = plane.home / "keys"
    arguments = [str(file), "--key", str(keys / "register.pub")]
    arguments += ["--documents-key", str(keys / "documents.pub")]
    arguments += ["--targeting-key-file", str(key)]
    key.write_text("k1\n")
    assert command.main(arguments) == 0
    key.write_text("k2\n")
    assert command.main(arguments) == 1
    key.write_text("k1\n")
    # Alone in a process, with nothing of the control plane's state.
    done = subprocess.run(
        [sys.executable, "-m", "control_plane.decisions.offline", *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert json.loads(done.stdout)["ok"] is True
    assert json.loads(done.stdout)["bucket_of_key"] == json.loads(done.stdout)["bucket"]


def places(value, path=()):
    """Every leaf of a JSON value."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from places(member, (*path, name))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from places(member, (*path, index))
    else:
        yield path


def put(value, path, change):
    for part in path[:-1]:
        value = value[part]
    value[path[-1]] = change(value[path[-1]])


def flipped(value, chance):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if value is None:
        return "x"
    if not value:
        return "x"
    at = chance.randrange(len(value))
    other = chance.choice([c for c in "0aB7-/{" if c != value[at]])
    return value[:at] + other + value[at + 1 :]


def problem(check, bundle):
    """What does not fit, None if all does."""
    try:
        check(json.dumps(bundle))
    except Unproven as error:
        return str(error)
    return None


def test_every_value_that_is_changed_is_named(decided, prove, check):
    _, ids = decided
    text, chance = prove(ids["k1"], personal=True), random.Random(20261122)
    names = {}
    for path in places(json.loads(text)):
        # In long texts any character counts.
        for _ in range(8 if path[0] in ("events", "documents", "manifests", "personal") else 2):
            altered = json.loads(text)
            put(altered, path, lambda value: flipped(value, chance))
            names.setdefault(path, set()).add((problem(check, altered) or "nothing").split(": ")[0])
    assert len(names) > 50
    for path, found in names.items():
        head = str(path[0])
        dotted = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
        expected = {head, f"{head}[{path[1]}]" if head == "events" else dotted, dotted}
        if head in ("decision", "path"):
            expected |= {"decision", "path"}
        assert found <= expected, path


@pytest.mark.parametrize("name", ["events", "manifests", "documents", "path"])
def test_what_is_left_out_doubled_or_swapped_is_found(decided, prove, check, name):
    _, ids = decided
    text = prove(ids["k1"])
    for index in range(len(json.loads(text)[name])):
        for change in (
            lambda values, i=index: values.pop(i),
            lambda values, i=index: values.insert(i, values[i]),
        ):
            altered = json.loads(text)
            change(altered[name])
            with pytest.raises(Unproven):
                check(json.dumps(altered))


def test_what_is_added_and_what_is_another_decision_s_is_found(decided, prove, check):
    _, ids = decided
    one, other = json.loads(prove(ids["k1"])), json.loads(prove(ids["k2"]))
    for altered in (
        one | {"note": "trust me"},
        one | {"decision": other["decision"]},
        one | {"summary": one["summary"] | {"extra": 1}},
        one | {"personal": other["decision"], "personal_state": "included"},
        one | {"personal_state": "erased"},
    ):
        with pytest.raises(Unproven):
            check(json.dumps(altered))
    assert check(json.dumps(one))
    for text in ("", "[]", "{}", "\x00", '{"format": 1}', "[" * 100_000):
        with pytest.raises(Unproven):
            check(text)


def test_another_installation_s_keys_do_not_verify_it(decided, prove, plane, tmp_path):
    _, ids = decided
    text = prove(ids["k1"])
    keys = plane.home / "keys"
    documents = read_document_keys([keys / "documents.pub"])
    with pytest.raises(Unproven):
        check_evidence(text, Policy(read_key(str(keys / "documents.pub"))), documents)
    policy = Policy(read_key(str(keys / "register.pub")))
    with pytest.raises(Unproven, match="documents"):
        check_evidence(text, policy, read_document_keys([keys / "register.pub"]))


def test_evidence_takes_a_reader_of_the_register(shop, decided, gateway):
    _, ids = decided
    path = f"/api/v1/decisions/{ids['k1']}/evidence"
    assert shop.author.get(path).status_code == 403
    assert shop.plane.admin.get(path, params={"personal": True}).status_code == 403
    assert shop.plane.admin.get(path).status_code == 200
