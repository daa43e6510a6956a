"""HTTP of the linter. It writes nothing; everybody who may read may ask."""

from typing import Annotated, Any

from bentos.contract.route import compile_features
from control_plane.auth import allow
from control_plane.body import Body
from control_plane.lint.answers import Findings
from control_plane.lint.finding import Finding, errors
from control_plane.lint.linter import lint
from control_plane.lint.publication import known_to, lint_features
from control_plane.parts import Reading
from control_plane.principal import Permission, Principal
from control_plane.releases.routes import desired_routes
from control_plane.router import Router

router = Router(prefix="/api/v1/lint")
Reader = Annotated[Principal, allow(Permission.READ)]


class PayloadIn(Body):
    """A payload as GrowthBook's SDKs take it: ``features``, and ``savedGroups`` if it has any."""

    payload: dict[str, Any]


@router.get("")
def get_lint(session: Reading, _: Reader) -> Findings:
    """What is wrong with the routes as the releases want them now."""
    return _told(lint_features(session, compile_features(desired_routes(session))))


@router.post("")
def post_lint(session: Reading, body: PayloadIn, _: Reader) -> Findings:
    """What would be wrong with this payload, against the attributes declared here."""
    return _told(lint(body.payload, known_to(session)))


def _told(findings: tuple[Finding, ...]) -> dict[str, Any]:
    wrong = len(errors(findings))
    return {
        "errors": wrong,
        "warnings": len(findings) - wrong,
        "findings": [each.as_json() for each in findings],
    }
