"""Draft a release, or edit one that has not started."""

import json
from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from bentos.contract.errors import ContractError
from bentos.contract.manifest import VersionState, model_of
from bentos.contract.register import Action
from control_plane.console.content_words import content_words
from control_plane.console.desk import Desk
from control_plane.console.elements.difference import difference
from control_plane.console.elements.empty import empty
from control_plane.console.elements.field import (
    area_field,
    check_field,
    choice_field,
    reason_field,
    ticket_field,
)
from control_plane.console.elements.form import Form, Question, Values
from control_plane.console.elements.moment import spoken
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.missing import missing, not_yours
from control_plane.console.plan_fields import plan_fields, steps_of_values
from control_plane.console.seat import Attempt
from control_plane.db import ReadSession
from control_plane.errors import NotFoundError
from control_plane.principal import Permission, Principal
from control_plane.registry.history import stable_of
from control_plane.registry.service import attribute_types, list_versions
from control_plane.releases import drafts, queries
from control_plane.releases.content import Draft
from control_plane.releases.plan import Kind
from control_plane.releases.presentation import Published
from control_plane.releases.schemas import ReleaseEdit, ReleaseIn


@dataclass(frozen=True)
class View:
    """``candidates``: version and words; ``release``: what is edited, None for a new one."""

    allowed: bool
    candidates: list[tuple[str, str]]
    bootstraps: frozenset[str]
    attributes: dict[str, str]
    release: dict[str, Any] | None
    missing: bool = False


def register() -> None:
    """Make both pages known."""

    @ui.page("/releases/new", title=title("New release"), response_timeout=BUILD_WITHIN_S)
    async def new(client: Client, version: str = "") -> None:
        await _page(client, None, version)

    @ui.page(
        "/releases/{release_id}/edit", title=title("Edit release"), response_timeout=BUILD_WITHIN_S
    )
    async def edit(client: Client, release_id: str) -> None:
        await _page(client, release_id, "")


async def _page(client: Client, release_id: str | None, chosen: str) -> None:
    desk = Desk(client)
    view = await desk.seat.read(partial(load, release_id))
    with frame(desk, "Releases"):
        if not view.allowed:
            not_yours(Permission.RELEASES_WRITE)
        elif view.missing:
            missing("release")
        else:
            Drafting(desk, view, chosen).draw()
    await desk.look()


def load(release_id: str | None, session: ReadSession, principal: Principal) -> View:
    """What may be chosen, and what is there already."""
    release, gone = None, False
    if release_id is not None:
        try:
            release = Published(session).release(queries.get_release(session, release_id))
        except NotFoundError:
            gone = True
    candidates, bootstraps = [], set()
    for row in reversed(list_versions(session)):
        stable = stable_of(session, row.model)
        if row.state != VersionState.REGISTERED.value or row.version == stable:
            continue
        if stable is None:
            bootstraps.add(row.model)
        if release is None or row.model == release["model"]:
            words = f"{row.version}, registered {spoken(row.registered_at)}"
            candidates.append((row.version, words))
    return View(
        allowed=Permission.RELEASES_WRITE in principal.permissions,
        candidates=candidates,
        bootstraps=frozenset(bootstraps),
        attributes=attribute_types(session),
        release=release,
        missing=gone,
    )


@dataclass
class Drafting:
    """The form and what it knows. ``view.release`` is as last looked at."""

    desk: Desk
    view: View
    chosen: str

    def draw(self) -> None:
        """The form, or why there is none."""
        release = self.view.release
        with html.div().classes("page-head"), html.div():
            with html.p().classes("crumb"):
                html.a("Releases", href=f"{ROOT}/")
            html.h1("New release" if release is None else f"Edit: {release['reason']}")
            html.p(
                "A plan that moves a model from its stable version to a candidate. Nothing happens "
                "before somebody who did not work on it approves exactly this content."
            )
        with (
            html.section(**{"aria-label": "Plan"}).classes("panel narrow"),
            html.div().classes("panel-body"),
        ):
            if not self.view.candidates:
                empty(
                    "No version to release",
                    "A candidate is a registered version that is not stable already. Training "
                    "registers one every night; by hand: signalbox train fraud.",
                )
                return
            question = Question(
                title="Plan",
                confirm="Keep draft" if release is None else "Keep changes",
                fields=self._fields,
                explain=self._present,
                submit=self._create if release is None else self._edit,
                look_again=None if release is None else self._look_again,
            )
            Form(self.desk, question, done=self._done, cancel=self._cancel)

    def _fields(self) -> None:
        release = self.view.release or {}
        hint = "Registered versions that are not stable, newest first."
        value = release.get("candidate") or self.chosen
        choice_field("candidate", "Candidate", self.view.candidates, value=value, hint=hint)
        check_field(
            "shadow",
            "Shadow first: copies of calls, answers to nobody",
            checked=release.get("shadow", True),
        )
        plan_fields(release)
        known = ", ".join(f"{n} ({k})" for n, k in self.view.attributes.items()) or "none yet"
        condition = release.get("condition")
        area_field(
            "condition",
            "Only for visitors who match (optional)",
            value=json.dumps(condition, indent=1) if condition else "",
            hint=f'A GrowthBook condition, e.g. {{"country": "DE"}}. Declared attributes: {known}.',
        )
        reason_field(
            "What this release is for. It becomes its title.",
            value=release.get("reason", ""),
            focus=False,
        )
        ticket_field(release.get("ticket") or "")

    def _present(self) -> None:
        """While nobody else changed it there is nothing to see; then the present content is."""
        if self.view.release is not None and self._changed:
            with html.div().classes("consequence"):
                html.p("The content as it is now:").classes("strong")
                difference(content_words(self.view.release), {}, "The content as it is now")

    _changed: bool = False

    async def _look_again(self) -> None:
        assert self.view.release is not None
        self.view = await self.desk.seat.read(partial(load, self.view.release["id"]))
        self._changed = True

    def _cancel(self) -> None:
        release = self.view.release
        target = f"{ROOT}/" if release is None else f"{ROOT}/releases/{release['id']}"
        html.a("Cancel", href=target).classes("button")

    async def _create(self, values: Values) -> str:
        candidate = values.get("candidate", "")
        bootstrap = model_of(candidate, "candidate") in self.view.bootstraps
        body = ReleaseIn.model_validate(
            {
                "model": model_of(candidate, "candidate"),
                "kind": (Kind.BOOTSTRAP if bootstrap else Kind.STANDARD).value,
                **_content(values),
            }
        )
        attempt = Attempt(
            action=Action.RELEASE_CREATE, entity="releases", permission=Permission.RELEASES_WRITE
        )
        draft = Draft(**body.model_dump())
        return await self.desk.write(
            attempt, lambda session, who: drafts.create_release(session, who, draft).id
        )

    async def _edit(self, values: Values) -> str:
        assert self.view.release is not None
        release_id, revision = self.view.release["id"], self.view.release["revision"]
        body = ReleaseEdit.model_validate(_content(values))
        attempt = Attempt(
            action=Action.RELEASE_EDIT,
            entity=f"release:{release_id}",
            permission=Permission.RELEASES_WRITE,
        )
        changes = body.model_dump(exclude_unset=True)
        return await self.desk.write(
            attempt,
            lambda session, who: (
                drafts.edit_release(session, who, release_id, changes, revision).id
            ),
        )

    async def _done(self, release_id: str) -> None:
        self.desk.go(f"/releases/{release_id}")


def _content(values: Values) -> dict[str, Any]:
    return {
        "candidate": values.get("candidate", ""),
        "shadow": "shadow" in values,
        "steps": steps_of_values(values),
        "condition": _condition(values.get("condition", "")),
        "reason": values.text("reason"),
        "ticket": values.maybe("ticket"),
    }


def _condition(text: str) -> dict[str, Any] | None:
    if not text.strip():
        return None
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ContractError("condition", "JSON", text, str(error)) from error
    if not isinstance(found, dict):
        raise ContractError("condition", "a JSON object", text)
    return found
