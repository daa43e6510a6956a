"""A kill without the control plane, and what the register says of it once that is back."""

import json

import pytest

from load_tests.installation.line import serves
from load_tests.installation.model import MODEL
from load_tests.installation.tiny_bento import VERSIONS

pytestmark = pytest.mark.acceptance


def signalbox(line, *arguments):
    key = line.home / "author.key"
    key.write_text(line.keys["author"])
    done = line.run(
        *("-m", "control_plane.cli", "kill", *arguments, "--json"),
        SIGNALBOX_KEY_FILE=str(key),
        SIGNALBOX_GATEWAY_URL=line.gateway_url,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_local_kill_stands_until_the_published_one_has_taken_over(stable):
    line, [version, _] = stable, VERSIONS
    line.stop("control-plane")
    killed = signalbox(line, MODEL, version, "--local", "--reason", "it burns")
    answer = line.predict("b-1").body
    assert (answer["model_version"], answer["reason"]) == (version, "KILLED")

    line.start_control_plane()
    assert signalbox(line, "--reconcile") == {"told": 1, "in_force": [MODEL]}
    assert line.predict("b-1").body["reason"] == "KILLED"
    assert not (line.home / "gateway" / "kill.local.json").exists()
    events = line.call("admin", "GET", f"/api/v1/register/events?entity=kill:{MODEL}&limit=1000")
    [event] = [each for each in events if killed["id"] in json.dumps(each["diff"])]
    assert event["action"] == "kill:set"
    assert (event["actor"]["id"], event["on_behalf_of"]) == ("ada", killed["actor"])

    line.call("author", "DELETE", f"/api/v1/kills/{MODEL}", {"reason": "as tested"})
    line.until(lambda: line.predict("b-1").body["reason"] == "STATIC")
    line.until(lambda: line.follows(serves(version)))
