"""The release behind a route, replayed from the register's own events of it."""

from typing import Any

from control_plane.audit.offline.notes import Unproven
from control_plane.decisions.offline.documents import Document
from control_plane.decisions.offline.events import Event, Events

_SHOWN = ("model", "candidate", "stable", "kind", "plan", "condition", "content_digest", "author")


def replay(
    events: Events,
    decision: dict[str, Any],
    documents: dict[str, Document],
) -> dict[str, Any] | None:
    """Its content and who approved exactly that, as of the document; None without a release.

    Every change counts the release's revision up by one, so that none can be left out.
    """
    told = events.take_all("release:")
    if not told:
        if decision["release_id"] is not None:
            raise Unproven("events: the release's are missing")
        return None
    release = str(told[0]["entity"])
    if decision["release_id"] not in (None, release.removeprefix("release:")):
        raise Unproven("events: of another release than the decision's")
    [document] = documents.values()
    content: dict[str, Any] = {}
    approved: dict[str, str] = {}
    for number, event in enumerate(told, 1):
        if event["entity"] != release or event["entity_revision"] != number:
            raise Unproven(f"events: change {number} of {release} is missing")
        content |= {name: pair[1] for name, pair in event["diff"].items()}
        _judge(event, content, approved)
    if told[-1]["seq"] > document.published["event"]:
        raise Unproven("events: of the release after the document was published")
    _check_state(content, decision)
    approvers = sorted(p for p, digest in approved.items() if digest == content["content_digest"])
    if not approvers:
        raise Unproven("events: nobody approved this content of the release")
    shown = {name: content.get(name) for name in _SHOWN}
    return {"id": release.removeprefix("release:"), "approved_by": approvers, **shown}


def _check_state(content: dict[str, Any], decision: dict[str, Any]) -> None:
    """The last change led to the step the decision names, or made its version the stable one."""
    if decision["release_id"] is None:
        if content["state"] != "promoted" or content["candidate"] != decision["assigned_version"]:
            raise Unproven("events: of a release that did not promote the decision's version")
    elif content["step"] != decision["step"]:
        raise Unproven("events: they do not lead to the step the decision names")
    elif decision["assigned_version"] not in (content["candidate"], content["stable"]):
        raise Unproven("events: of a release that is not about the decision's version")


def _judge(event: Event, content: dict[str, Any], approved: dict[str, str]) -> None:
    person = event["actor"]["id"]
    if event["action"] == "release:approve":
        if event["actor"]["type"] != "person" or person == content["author"]:
            raise Unproven("events: an approval by the author, or by no person")
        approved[person] = content["content_digest"]
    elif event["action"] in ("release:edit", "release:refuse"):
        approved.clear()
