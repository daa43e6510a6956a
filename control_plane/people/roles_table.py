"""Writes who may do what, from ``principal.py``, into docs/people.md.

``python -m control_plane.people.roles_table docs/people.md`` rewrites the part between the
markers.
"""

import sys
from pathlib import Path

from bentos import drawn
from control_plane.principal import ROLES, SERVICES, Permission, Role

SOURCE = "control_plane/principal.py"
MEANINGS: dict[Permission, str] = {
    Permission.READ: "versions, models, releases, kills",
    Permission.VERSIONS_REGISTER: "register a version",
    Permission.VERSIONS_RETIRE: "retire a version",
    Permission.MODELS_EXPOSE: "make a model public to SDK keys",
    Permission.ATTRIBUTES_DECLARE: "declare attributes to target by",
    Permission.RELEASES_WRITE: "draft, edit and submit a release",
    Permission.RELEASES_APPROVE: "approve or refuse another's release",
    Permission.RELEASES_FORWARD: "start, ramp, resume, promote what is approved",
    Permission.RELEASES_BACK: "pause, lower, roll back, abort",
    Permission.FREEZES: "set and end freeze windows",
    Permission.KILL: "force a model to a version, and end that",
    Permission.KILLS_REVIEW: "close the review of a kill",
    Permission.CALLERS: "keys of callers, Shopify apps",
    Permission.SDK_KEYS: "GrowthBook SDK keys",
    Permission.WEBHOOKS: "who is told of what by webhook, and what became of it",
    Permission.PEOPLE: "persons, roles, everybody's keys and passwords",
    Permission.REGISTER_READ: "read, verify and export the register; the access review",
    Permission.DOCUMENTS_READ: "what gateways live on",
    Permission.DECISIONS_READ: "the public part of decisions",
    Permission.DECISIONS_PERSONAL: "what decisions hold of persons",
    Permission.DECISIONS_ERASE: "erase that",
    Permission.DECISIONS_EXPIRE: "let old decisions go",
    Permission.SEGMENTS_WRITE: "register decision segments",
    Permission.FLEET_READ: "what is to run",
    Permission.FLEET_REPORT: "say what runs",
    Permission.FOLLOW: "propose to take routes from an upstream GrowthBook",
    Permission.CONSENTS_READ: "the merchant's consents, which customers are left out",
    Permission.CONSENTS_WRITE: "record and withdraw consents, leave customers out",
    Permission.REDACTIONS_READ: "law requests, how far each is, versions trained on its subject",
    Permission.REDACTIONS_WRITE: "open, export and close them",
}


def drawing() -> str:
    """A row for each permission, a column for each role of persons, and the services."""
    roles = [role for role in Role if role is not Role.SERVICE]
    columns = ("permission", "to", *(role.value for role in roles), "services")
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    for permission in Permission:
        marks = ["yes" if permission in ROLES[role] else "" for role in roles]
        services = ", ".join(name for name in SERVICES if permission in SERVICES[name])
        cells = (f"`{permission.value}`", MEANINGS[permission], *marks, services)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def redraw(page: str) -> str:
    """The page with its table made anew; raises ContractError without the markers."""
    return drawn.redraw(page, SOURCE, drawing())


def main() -> None:
    """Rewrite the page named on the command line."""
    path = Path(sys.argv[1])
    path.write_text(redraw(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
