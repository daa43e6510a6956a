"""One draft release of the night: made, or put in the place of the last night's.

A draft of the nightly run that nobody has touched is edited to tonight's version. One that a
person has submitted, edited or started is theirs: it stays, and tonight drafts nothing.
"""

from typing import Any

from training.nightly.desk import Desk
from training.nightly.outputs import Drafted, Judged

MARK = "nightly:"
UNTOUCHED = "draft"
MAX_REASON = 2000


def draft_release(
    desk: Desk, model: dict[str, Any], version: str, judged: Judged, run_id: str
) -> Drafted:
    """Make or supersede; ``model`` is the control plane's entry, ``run_id`` the night's."""
    key = f"nightly-{run_id}-{model['model']}"
    body = {"candidate": version, "reason": reason_of(judged), "ticket": f"{MARK}{run_id}"}
    if model["release"] is None:
        kind = "bootstrap" if model["stable"] is None else "standard"
        made = desk.post("/api/v1/releases", body | {"model": model["model"], "kind": kind}, key)
        return Drafted(action="created", release=made["id"], why=f"{kind} of {version}")
    path = f"/api/v1/releases/{model['release']}"
    release = desk.get(path)
    if not is_ours(release):
        why = f"release {release['id']} of {release['candidate']} is {release['state']}"
        return Drafted(action="none", release=release["id"], why=f"{why}; it is a person's")
    if release["candidate"] == version:
        return Drafted(action="kept", release=release["id"], why=f"drafted already: {version}")
    made = desk.patch(path, body, f"{key}-{release['revision']}", release["revision"])
    why = f"{version} in the place of {release['candidate']}"
    return Drafted(action="superseded", release=made["id"], why=why)


def is_ours(release: dict[str, Any]) -> bool:
    """Whether it is a draft of an earlier night that no person had a hand in.

    ``contributors`` are persons; a service's draft has none.
    """
    return (
        release["state"] == UNTOUCHED
        and str(release["ticket"] or "").startswith(MARK)
        and not release["contributors"]
    )


def reason_of(judged: Judged) -> str:
    """The release's reason: what the gates said, in their words."""
    said = "; ".join(f"{gate.name}: {gate.said}" for gate in judged.gates)
    return f"nightly run; {said}"[:MAX_REASON]
