"""A witness as a second team runs it: another process, asked over HTTP."""

import base64
import http.client
import subprocess
import sys
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bentos.contract.merkle import leaf_hash, merkle_root
from bentos.contract.merkle_proof import consistency_proof
from control_plane.audit.offline.notes import parse_note, parse_vkey, signed_at
from control_plane.audit.register_key import RegisterSigner
from control_plane.audit.witness import Refused, Witness
from load_tests.free_ports import free_port

SIGNER = RegisterSigner(Ed25519PrivateKey.from_private_bytes(b"\x07" * 32))
ORIGIN = "signalbox/s/e/1"
LEAVES = [leaf_hash(str(number).encode()) for number in range(40)]


def node(level, index):
    return merkle_root(LEAVES[index << level : (index + 1) << level])


def request(old, new, *, proof=None, note=None, leaves=LEAVES):
    path = consistency_proof(node, old, new) if proof is None else proof
    text = note or SIGNER.note(ORIGIN, new, merkle_root(leaves[:new]))
    lines = [f"old {old}", *(base64.b64encode(each).decode() for each in path)]
    return "\n".join(lines) + "\n\n" + text


@pytest.fixture
def witness(tmp_path):
    witness = Witness("w.example/1", tmp_path / "witness", [SIGNER.vkey(ORIGIN)])
    yield witness
    witness.close()


def refused(witness, body):
    with pytest.raises(Refused) as caught:
        witness.add_checkpoint(body)
    return caught.value.status, caught.value.body


def test_it_signs_what_grows_and_says_when(witness):
    before = int(time.time())
    for old, new in [(0, 7), (7, 7), (7, 8), (8, 33)]:
        line = witness.add_checkpoint(request(old, new))
        note = SIGNER.note(ORIGIN, new, merkle_root(LEAVES[:new])) + line
        assert before <= signed_at(parse_note(note), witness.vkey) <= time.time()
    assert witness.last(ORIGIN).size == 33


def test_it_never_goes_back_nor_sideways(witness):
    witness.add_checkpoint(request(0, 20))
    assert refused(witness, request(0, 30)) == (409, "20\n")
    assert refused(witness, request(7, 30)) == (409, "20\n")
    other = [leaf_hash(b"other"), *LEAVES[1:]]
    assert refused(witness, request(20, 20, leaves=other))[0] == 409
    assert refused(witness, request(20, 30, leaves=other))[0] == 422
    assert refused(witness, request(20, 30, proof=[]))[0] == 422
    assert witness.last(ORIGIN).size == 20
    # Going on as it should still works: nothing of that was remembered.
    witness.add_checkpoint(request(20, 30))


def test_it_knows_its_logs_and_their_keys(witness):
    stranger = SIGNER.note("someone/else", 3, merkle_root(LEAVES[:3]))
    assert refused(witness, request(0, 3, note=stranger))[0] == 404
    forged = RegisterSigner(Ed25519PrivateKey.generate()).note(ORIGIN, 3, merkle_root(LEAVES[:3]))
    assert refused(witness, request(0, 3, note=forged))[0] == 403
    altered = SIGNER.note(ORIGIN, 3, merkle_root(LEAVES[:3])).replace("\n3\n", "\n4\n")
    assert refused(witness, request(0, 3, note=altered))[0] == 403
    shorter = SIGNER.note(ORIGIN, 3, merkle_root(LEAVES[:3]))
    assert refused(witness, request(5, 5, note=shorter, proof=[]))[0] == 400


@pytest.mark.parametrize(
    "body",
    [
        "",
        "old\n\n",
        "old -1\n\n" + SIGNER.note(ORIGIN, 1, LEAVES[0]),
        "old 01\n\n" + SIGNER.note(ORIGIN, 1, LEAVES[0]),
        "old 0\nnot base64\n\n" + SIGNER.note(ORIGIN, 1, LEAVES[0]),
        "old 0\n" + "A" * 43 + "=\n" * 64 + "\n" + SIGNER.note(ORIGIN, 1, LEAVES[0]),
        request(0, 1).replace("\n\n", "\n"),
    ],
)
def test_what_is_no_request_is_400(witness, body):
    assert refused(witness, body)[0] == 400


def test_it_remembers_over_a_restart_and_holds_its_folder(tmp_path, witness):
    witness.add_checkpoint(request(0, 20))
    with pytest.raises(BlockingIOError):
        Witness("w.example/1", tmp_path / "witness", [SIGNER.vkey(ORIGIN)])
    witness.close()
    again = Witness("w.example/1", tmp_path / "witness", [SIGNER.vkey(ORIGIN)])
    assert again.vkey == witness.vkey
    assert refused(again, request(0, 30)) == (409, "20\n")
    again.close()


@pytest.mark.acceptance
def test_the_process_speaks_the_protocol(tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "control_plane.audit.witness"]
    command += ["--name", "w.example/1", "--folder", str(tmp_path), "--port", str(port)]
    command += ["--log", str(SIGNER.vkey(ORIGIN))]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        vkey = parse_vkey(process.stderr.readline())
        assert "witness at" in process.stderr.readline()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

        def post(body, path="/add-checkpoint"):
            connection.request("POST", path, body.encode())
            answer = connection.getresponse()
            return answer.status, answer.headers["content-type"], answer.read().decode()

        status, _, line = post(request(0, 7))
        assert status == 200
        note = SIGNER.note(ORIGIN, 7, merkle_root(LEAVES[:7])) + line
        assert signed_at(parse_note(note), vkey)
        # The same connection goes on: keep-alive.
        assert post(request(0, 9)) == (409, "text/x.tlog.size", "7\n")
        assert post("x" * 200_000)[0] == 400
        assert post("old 0\n\n", "/elsewhere")[0] == 404
        connection.request("GET", "/vkey")
        assert connection.getresponse().read().decode() == f"{vkey}\n"
        connection.close()
    finally:
        process.terminate()
        process.wait(60)
        process.stderr.close()
