import re

import pytest

from load_tests import peer_environments
from load_tests.lineup import NEEDS
from load_tests.peer_environments import ENVIRONMENTS, PeerAbsentError, PeerEnvironment, make


def test_every_environment_has_a_lock_with_hashes_and_no_index():
    for environment in ENVIRONMENTS.values():
        text = environment.lock.read_text()
        packages = re.findall(r"^\S+==\S+", text, re.MULTILINE)
        assert packages
        assert text.count("--hash=sha256:") >= len(packages)
        assert "://" not in text


def test_whatever_a_side_needs_can_be_made():
    assert {name for names in NEEDS.values() for name in names} <= ENVIRONMENTS.keys()


def test_an_interpreter_nobody_has_makes_the_peer_absent():
    with pytest.raises(PeerAbsentError, match=r"needs Python 3\.99"):
        make(PeerEnvironment("nobody", python="3.99"), lambda _: None)


def test_a_program_that_is_missing_is_named():
    with pytest.raises(PeerAbsentError, match="make peers"):
        ENVIRONMENTS["envoy"].program("no-such-program")


def test_unknown_names_are_refused(capsys):
    with pytest.raises(SystemExit) as error:
        peer_environments.main(["nobody"])
    assert error.value.code == 2
    assert "nobody" in capsys.readouterr().err
