import threading

import pytest

from control_plane.errors import PreconditionRequiredError, StaleError
from control_plane.releases import drafts, service
from control_plane.releases.lifecycle import Verb
from control_plane.releases.order import Order


def test_a_stale_edit_is_told_who_changed_what_when(desk):
    read = desk.draft(2)
    desk.edit("cy", read, steps=[0.1])
    changed = desk.edit("dee", desk.release(read.id), condition=None, reason="because")
    with pytest.raises(StaleError) as caught:
        desk.edit("ada", read, steps=[0.3])
    conflict = caught.value.members["conflict"]
    assert caught.value.members["current_revision"] == 3
    assert [(c["revision"], c["by"], c["action"]) for c in conflict["changes"]] == [
        (2, "cy", "release:edit"),
        (3, "dee", "release:edit"),
    ]
    assert conflict["changes"][1]["at"] >= changed.updated_at
    assert conflict["differences"]["steps"] == [[0.05, 0.25], [0.1]]
    assert conflict["differences"]["reason"] == ["test", "because"]
    assert "revision 1 is stale" in caught.value.detail
    assert "by dee" in caught.value.detail
    assert desk.release(read.id).steps == [1000]


def test_what_was_changed_and_changed_back_differs_no_longer(desk):
    read = desk.draft(2)
    desk.edit("cy", read, steps=[0.1])
    desk.edit("cy", desk.release(read.id), steps=[0.05, 0.25])
    with pytest.raises(StaleError) as caught:
        desk.edit("ada", read, steps=[0.3])
    assert caught.value.members["conflict"]["differences"] == {}


def test_an_edit_and_a_judgement_must_say_what_they_are_about(desk):
    release = desk.draft(2)
    with pytest.raises(PreconditionRequiredError, match="now 1"):
        desk.write(drafts.edit_release, desk.person("ada"), release.id, {"steps": [0.1]})
    desk.tell("ada", release, "submit")
    with pytest.raises(PreconditionRequiredError):
        desk.write(service.act, desk.person("ben"), release.id, Verb.APPROVE, Order(reason="x"))


def test_a_revision_of_the_future_is_stale_as_well(desk):
    release = desk.draft(2)
    with pytest.raises(StaleError) as caught:
        desk.tell("ada", release, "submit", expected_revision=9)
    assert caught.value.members["conflict"]["changes"] == []


def test_editors_at_once_lose_no_edit(desk):
    """Each adds a word of theirs to the reason, reading again whenever they were too late."""
    names = ("ada", "cy", "dee", "eve")
    release, each, stale = desk.draft(2, reason="words:"), 5, []

    def edit(name):
        who = desk.person(name)
        for number in range(each):
            while True:
                read = desk.release(release.id)
                changes = {"reason": f"{read.reason} {name}{number}"}
                try:
                    desk.write(drafts.edit_release, who, release.id, changes, read.revision)
                    break
                except StaleError as error:
                    stale.append(error)

    threads = [threading.Thread(target=edit, args=[name]) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = desk.release(release.id)
    words = {f"{name}{number}" for name in names for number in range(each)}
    assert set(found.reason.split()) == words | {"words:"}
    assert found.revision == 1 + len(words)
    for error in stale:
        assert error.members["conflict"]["changes"]
