"""Notes against the examples that C2SP's and Go's own documents publish."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from control_plane.audit.offline.notes import (
    COSIGNATURE,
    LOG,
    Policy,
    Unproven,
    VerifierKey,
    parse_checkpoint,
    parse_note,
    parse_vkey,
    read_key,
    signed_at,
)
from control_plane.audit.register_key import RegisterSigner

# golang.org/x/mod/sumdb/note: its documentation's example.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdn"
    "gotpRZb6KE6RyyBwJnAM=\n"
)
KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
SIGNER = RegisterSigner(KEY)
ROOT = bytes(range(32))
HASH = "A" * 43 + "="
NOTE = SIGNER.note("example.com/log", 7, ROOT)


def test_go_s_example_verifies_and_its_key_reads_back():
    key = parse_vkey(PETER)
    assert str(key) == PETER
    assert signed_at(parse_note(PETER_NOTE), key) == 0
    with pytest.raises(Unproven, match="PeterNeumann"):
        signed_at(parse_note(PETER_NOTE.replace("answer", "Answer")), key)


def test_a_checkpoint_is_what_was_signed():
    checkpoint, seen = Policy(SIGNER.vkey("example.com/log")).check(NOTE)
    assert (checkpoint.origin, checkpoint.size, checkpoint.root) == ("example.com/log", 7, ROOT)
    assert seen == {}
    assert Policy(SIGNER.public).check(NOTE)[0] == checkpoint
    assert NOTE.startswith("example.com/log\n7\nAAECAwQF")
    # Ed25519 says the same each time: two replicas sign the same bytes.
    assert SIGNER.note("example.com/log", 7, ROOT) == NOTE


@pytest.mark.parametrize("place", range(0, len(NOTE), 7))
def test_no_character_of_a_note_can_be_another(place):
    changed = NOTE[:place] + ("x" if NOTE[place] != "x" else "y") + NOTE[place + 1 :]
    with pytest.raises(Unproven):
        Policy(SIGNER.vkey("example.com/log")).check(changed)


def test_signatures_of_others_are_ignored_but_do_not_do():
    other = RegisterSigner(Ed25519PrivateKey.generate())
    line = other.note("example.com/log", 7, ROOT).split("\n\n")[1]
    assert Policy(SIGNER.vkey("example.com/log")).check(NOTE + line)[0].size == 7
    with pytest.raises(Unproven, match="not signed"):
        Policy(RegisterSigner(Ed25519PrivateKey.generate()).public).check(NOTE)
    with pytest.raises(Unproven, match="expected one of"):
        Policy(SIGNER.vkey("example.com/other")).check(NOTE)


def test_a_witness_that_must_sign_and_did_not_is_named():
    witness = VerifierKey("w.example/1", COSIGNATURE, SIGNER.public)
    with pytest.raises(Unproven, match=r"w.example/1 did not sign"):
        Policy(SIGNER.public, [witness]).check(NOTE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no blank line\n",
        "text\n\n",
        "text\n\n- dash x08goA==\n",
        "text\n\n— name\n",
        "text\n\n— na+me x08goMM=\n",
        "text\n\n— name !!!!\n",
        "text\n\n— name x08gow==",
        "te\x00xt\n\n— name x08goMM=\n",
        "text\n\n" + "— name x08goMM=\n" * 65,
        "t" * 70_000 + "\n\n— name x08goMM=\n",
    ],
)
def test_what_is_no_note_is_refused(text):
    with pytest.raises(Unproven):
        parse_note(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n1\n",
        "o\n01\nAAAA\n",
        "o\n-1\n" + "A" * 43 + "=\n",
        "\n1\n" + "A" * 43 + "=\n",
        "o\n1\nAAAA\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(Unproven):
        parse_checkpoint(text)


@pytest.mark.parametrize(
    "text",
    ["", "name", "name+00000000+AA==", PETER.replace("c74f20a3", "c74f20a4"), PETER[:-8], "+a+b"],
)
def test_what_is_no_key_is_refused(text):
    with pytest.raises(Unproven):
        parse_vkey(text)


def test_a_key_comes_as_text_or_from_a_file(tmp_path):
    path = tmp_path / "log.vkey"
    path.write_text(PETER + "\n")
    assert read_key(str(path)) == read_key(PETER) == parse_vkey(PETER)
    with pytest.raises(Unproven, match="nowhere"):
        read_key(str(tmp_path / "nowhere"))
    assert parse_vkey(PETER).kind == LOG
