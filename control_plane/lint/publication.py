"""The linter at the places where something is published: what it is held against, what refuses."""

from typing import Any

from bentos.contract.route import FEATURE_PREFIX, feature_key
from control_plane.db import ReadSession
from control_plane.errors import PolicyError
from control_plane.growthbook.models import SdkKeyRow
from control_plane.growthbook.service import list_sdk_keys, visible_models
from control_plane.lint.finding import Finding, errors
from control_plane.lint.known import Known
from control_plane.lint.linter import lint
from control_plane.registry.service import attribute_types
from control_plane.snapshot import once

MAX_RECORDED = 20
Features = dict[str, Any]


class LintError(PolicyError):
    """A payload that must not be published; the answer lists every finding."""

    title = "Refused by lint"

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(each.sentence() for each in errors(findings)))
        self.members = {"findings": [each.as_json() for each in findings]}


def known_to(session: ReadSession) -> Known:
    """Declared attributes, and the SDK keys with what each of them is sent."""
    audiences = {
        f"SDK key {row.id}": _seen_by(session, row)
        for row in list_sdk_keys(session)
        if row.revoked_at is None
    }
    return Known(attributes=attribute_types(session), audiences=audiences)


def lint_features(session: ReadSession, features: Features) -> tuple[Finding, ...]:
    """Findings of the routes document's features."""
    known = once(session, "what lint knows", lambda: known_to(session))
    return lint({"features": features}, known)


def check_model(session: ReadSession, model: str, features: Features) -> tuple[Finding, ...]:
    """Errors that keep this model's feature, as it is in ``features``, from being published.

    What is wrong with other models' features is theirs to mend.
    """
    key = feature_key(model)
    found = errors(lint_features(session, features))
    return tuple(each for each in found if each.feature in {key, None})


def check_audience(session: ReadSession, row: SdkKeyRow, features: Features) -> None:
    """Raise LintError if a new SDK key would be sent more than its SDK can read."""
    alone = Known(audiences={f"SDK key {row.id}": _seen_by(session, row)})
    found = lint({"features": features}, alone)
    refused = tuple(each for each in errors(found) if each.code == "frame-size")
    if refused:
        raise LintError(refused)


def as_recorded(findings: tuple[Finding, ...]) -> dict[str, Any]:
    """For the register event of a publication; empty if nothing was found."""
    if not findings:
        return {}
    told = [f"{each.severity.value} {each.sentence()}" for each in findings[:MAX_RECORDED]]
    return {"lint": told, "lint_findings": len(findings)}


def _seen_by(session: ReadSession, row: SdkKeyRow) -> frozenset[str]:
    return frozenset(f"{FEATURE_PREFIX}{model}" for model in visible_models(session, row))
