"""Releases and models as the API shows them: with approvals, and with what is published."""

from typing import Any

from bentos.contract.documents import DocumentName
from bentos.contract.route import compile_feature, feature_key
from control_plane import clock
from control_plane.approvals import service as approvals
from control_plane.consents.withdrawn import why_withdrawn
from control_plane.db import ReadSession
from control_plane.paging import EVERYTHING, Listing
from control_plane.publish.archive import load_served
from control_plane.publish.desired import compile_desired
from control_plane.registry.history import previous_of, stable_of
from control_plane.registry.service import get_version, list_models
from control_plane.releases.binding import bound_digest
from control_plane.releases.content import release_content
from control_plane.releases.freezes import frozen_by
from control_plane.releases.kills import kill_view
from control_plane.releases.lifecycle import CLOSED, State
from control_plane.releases.models import ReleaseRow
from control_plane.releases.queries import active_kill, open_release
from control_plane.releases.routes import desired_routes


class Published:
    """What gateways are served of each model, and what each waits for. One snapshot."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session
        self.served = load_served(session)
        self._held = compile_desired(session, self.served).held
        self._features = self.served.routes.features
        header = self.served.headers.get(DocumentName.ROUTES)
        self.revision = None if header is None else str(header.revision)
        self._desired = {route.model: compile_feature(route) for route in desired_routes(session)}

    def release(self, row: ReleaseRow) -> dict[str, Any]:
        """One release. ``published``: gateways have been sent what its model's tables say."""
        given = approvals.list_approvals(self._session, row.id)
        bound = bound_digest(self._session, row)
        live = approvals.live_approvers(self._session, row.id, bound)
        return release_content(row) | {
            "approvals": [
                {
                    "person": each.person,
                    "at": each.at,
                    "reason": each.reason,
                    "content_digest": each.content_digest,
                    "live": each.withdrawn_at is None
                    and each.content_digest == bound
                    and each.person in live,
                }
                for each in given
            ],
            "contributors": sorted(approvals.contributors(self._session, row.id)),
            "frozen": self._frozen(row),
            "warnings": self._warnings(row.candidate),
            **self._state(row.model),
        }

    def models(self, page: Listing = EVERYTHING) -> list[dict[str, Any]]:
        """Every model with what serves it."""
        return [self._model(row.name, row.visibility) for row in list_models(self._session, page)]

    def _model(self, name: str, visibility: str) -> dict[str, Any]:
        release, kill = open_release(self._session, name), active_kill(self._session, name)
        stable = stable_of(self._session, name)
        return {
            "model": name,
            "stable": stable,
            "previous": previous_of(self._session, name),
            "release": None if release is None else release.id,
            "killed": None if kill is None else kill_view(kill),
            "visibility": visibility,
            "warnings": self._warnings(stable),
            **self._state(name),
        }

    def _frozen(self, row: ReleaseRow) -> dict[str, Any] | None:
        """What keeps an open release from going forward, or a scheduled one from its start."""
        if State(row.state) in CLOSED:
            return None
        now = clock.now()
        ahead = row.starts_at if row.state == State.SCHEDULED and row.starts_at else now
        freeze = frozen_by(self._session, row, ahead if ahead > now else None)
        if freeze is None:
            return None
        return {"freeze": freeze.id, "until": freeze.ends_at, "reason": freeze.reason}

    def _warnings(self, version: str | None) -> list[str]:
        """What somebody should see to although it goes on serving."""
        if version is None:
            return []
        why = why_withdrawn(self._session, get_version(self._session, version))
        return [] if why is None else [why]

    def _state(self, model: str) -> dict[str, Any]:
        wanted, served = self._desired.get(model), self._features.get(feature_key(model))
        return {
            "published": wanted is not None and wanted == served and model not in self._held,
            "published_revision": self.revision,
            "waiting_for": sorted(self._held.get(model, ())),
        }
