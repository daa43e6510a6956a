import base64
import json
import subprocess
import sys
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bentos.contract.merkle_proof import extends
from control_plane.audit.offline.notes import COSIGNATURE, VerifierKey, cosigned_message

pytestmark = pytest.mark.acceptance


@pytest.fixture
def auditor(plane):
    return plane.person("compliance")


def checkpoint(auditor):
    answer = auditor.post("/api/v1/register/checkpoint")
    assert answer.status_code == 201, answer.text
    return answer.json()


def verify(*arguments):
    command = [sys.executable, "-m", "control_plane.audit.offline", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


def test_a_proof_verifies_offline_with_the_public_key(plane, auditor, tmp_path):
    told = checkpoint(auditor)
    text = auditor.get("/api/v1/register/proofs/1").text
    path = tmp_path / "event-1.tlog-proof"
    path.write_text(text)
    for key in (plane.home / "keys" / "register.pub", told["keys"][-1]):
        code, report = verify(path, "--key", key)
        assert (code, report["event"]["action"]) == (0, "installation:create")
    head, _, rest = text.partition("\nindex 0\n")
    event = json.loads(base64.b64decode(head.split(" ")[-1])) | {"reason": "another"}
    forged = base64.b64encode(json.dumps(event).encode()).decode()
    path.write_text(f"c2sp.org/tlog-proof@v1\nextra {forged}\nindex 0\n{rest}")
    code, report = verify(path, "--key", told["keys"][-1])
    assert (code, report["ok"]) == (1, False)


def test_two_checkpoints_are_proved_consistent(auditor):
    first = checkpoint(auditor)
    auditor.get("/api/v1/register/verify")
    second = checkpoint(auditor)
    assert second["size"] > first["size"]
    sizes = {"old": first["size"], "new": second["size"]}
    answer = auditor.get("/api/v1/register/consistency", params=sizes).json()
    path = [base64.b64decode(each) for each in answer["proof"]]
    roots = [bytes.fromhex(each["root"]) for each in (first, second)]
    assert extends(first["size"], roots[0], second["size"], roots[1], path)
    beyond = {"old": 0, "new": second["size"] + 1000}
    assert auditor.get("/api/v1/register/consistency", params=beyond).status_code == 422


def test_a_cosignature_is_kept_and_told_with_the_checkpoint(auditor):
    told = checkpoint(auditor)
    key = Ed25519PrivateKey.generate()
    witness = VerifierKey("w.example/1", COSIGNATURE, key.public_key().public_bytes_raw())
    text, at = told["note"].split("\n\n")[0] + "\n", int(time.time())
    data = witness.key_id + at.to_bytes(8, "big") + key.sign(cosigned_message(text, at))
    line = f"— {witness.name} {base64.b64encode(data).decode()}"
    body = {"note": f"{text}\n{line}\n", "witness": str(witness)}
    answer = auditor.post("/api/v1/register/cosignatures", json=body)
    assert (answer.status_code, answer.json()["seen_at"]) == (201, at)
    assert auditor.post("/api/v1/register/cosignatures", json=body).status_code == 201
    events = auditor.get(
        "/api/v1/register/events", params={"action": "register:cosign", "limit": 1000}
    ).json()
    assert [each["entity"] for each in events].count(f"checkpoint:{told['size']}") == 1
    proof = auditor.get(f"/api/v1/register/proofs/{told['size']}").text
    assert proof.endswith(f"{line}\n")
    bad = body | {"note": body["note"].replace(text, text.replace(str(told["size"]), "1"))}
    assert auditor.post("/api/v1/register/cosignatures", json=bad).status_code == 422
    other = body | {"witness": told["keys"][-1]}
    assert auditor.post("/api/v1/register/cosignatures", json=other).status_code == 422


def test_whose_it_is_not_gets_nothing_of_it(plane, auditor):
    viewer = plane.person("viewer")
    for path in ("checkpoint", "proofs/1", "consistency?old=0&new=1"):
        assert viewer.get(f"/api/v1/register/{path}").status_code == 403
    assert viewer.post("/api/v1/register/checkpoint").status_code == 403
    assert auditor.get("/api/v1/register/proofs/99999999").status_code == 404


def test_reading_proofs_is_recorded_and_does_not_flood(plane, auditor):
    for _ in range(5):
        auditor.get("/api/v1/register/proofs/2")
    wanted = {"action": "register:prove", "limit": 1000}
    found = plane.admin.get("/api/v1/register/events", params=wanted).json()
    mine = [event for event in found if event["actor"]["id"] == auditor.person]
    assert [event["diff"] for event in mine] == [{"asked": {"seq": 2}}]
