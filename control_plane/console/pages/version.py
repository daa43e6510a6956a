"""One version: its birth certificate in words, where it came from, where it served."""

import json
from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from bentos.contract.manifest import Manifest, VersionState
from control_plane.console.content_words import manifest_words
from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.button import link_button
from control_plane.console.elements.difference import difference
from control_plane.console.elements.facts import facts
from control_plane.console.elements.moment import moment, spoken
from control_plane.console.elements.notice import notice
from control_plane.console.elements.panel import panel
from control_plane.console.elements.table import Column, table
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.missing import missing
from control_plane.db import ReadSession
from control_plane.errors import NotFoundError
from control_plane.principal import Permission, Principal
from control_plane.registry.decoded import MANIFESTS
from control_plane.registry.history import stable_of
from control_plane.registry.service import get_version, version_summary
from control_plane.releases import queries


@dataclass(frozen=True)
class View:
    """All that this page shows."""

    summary: dict[str, Any]
    manifest: Manifest
    stable: dict[str, dict[str, str]]
    releases: list[dict[str, Any]]
    serves: bool
    may_draft: bool


def register() -> None:
    """Make the page known."""

    @ui.page("/versions/{version}", title=title("Version"), response_timeout=BUILD_WITHIN_S)
    async def version(client: Client, version: str) -> None:
        desk = Desk(client)
        with frame(desk, "Models"):
            desk.live(partial(load, version), lambda view: draw(desk, view))
        await desk.look()


def load(version: str, session: ReadSession, principal: Principal) -> View | None:
    """Everything from one snapshot."""
    try:
        row = get_version(session, version)
    except NotFoundError:
        return None
    stable = stable_of(session, row.model)
    beside = {}
    if stable is not None and stable != version:
        beside = {f"Stable, {stable}": manifest_words(MANIFESTS.of(get_version(session, stable)))}
    releases = [r.model_dump() for r in queries.list_releases(session, row.model)]
    usable = row.state == VersionState.REGISTERED.value and stable != version
    return View(
        summary=version_summary(row),
        manifest=MANIFESTS.of(row),
        stable=beside,
        releases=[each for each in releases if version in (each["candidate"], each["stable"])],
        serves=stable == version,
        may_draft=usable and Permission.RELEASES_WRITE in principal.permissions,
    )


def draw(desk: Desk, view: View | None) -> None:
    """Certificate first, then lineage, then history."""
    if view is None:
        missing("version")
        return
    desk.name_page(title(view.summary["version"]))
    _head(view)
    if view.summary["rejection"]:
        notice(f"Rejected at registration: {view.summary['rejection']}", "tone-red", "denied")
    if view.summary["retired_reason"]:
        notice(f"Retired: {view.summary['retired_reason']}", "", "aborted")
    with html.div().classes("columns"):
        with html.div().classes("stack"):
            with panel("Certificate"):
                difference(
                    manifest_words(view.manifest),
                    view.stable,
                    "What the version is",
                    replaces=False,
                )
            with panel("Offline metrics"):
                _metrics(view.manifest)
            with panel("Inputs, features, outputs"):
                _shape(view.manifest)
        with html.div().classes("stack"):
            with panel("Lineage"):
                _lineage(view)
            with panel("Releases of it"):
                _releases(view)


def _head(view: View) -> None:
    summary = view.summary
    with html.div().classes("page-head"):
        with html.div():
            with html.p().classes("crumb"):
                html.a("Models", href=f"{ROOT}/models")
                html.span(" / ")
                html.a(summary["model"], href=f"{ROOT}/models/{summary['model']}")
            with html.div().classes("actions"):
                html.h1(summary["version"])
                badge(summary["state"])
                if view.serves:
                    badge("stable")
        if view.may_draft:
            target = f"{ROOT}/releases/new?version={summary['version']}"
            link_button("Release it", target, kind="primary", drawing="plus")


def _metrics(manifest: Manifest) -> None:
    offline = manifest.offline
    names = sorted(offline.model, key=lambda name: name != offline.primary)
    table(
        "Offline metrics against the baseline",
        (
            Column[str]("Metric", lambda n: n + (" (decides)" if n == offline.primary else "")),
            Column("This version", lambda n: f"{offline.model[n]:g}", "number"),
            Column(offline.baseline_name, lambda n: _value(offline.baseline.get(n)), "number"),
        ),
        names,
    )
    html.p(f"{offline.protocol}.").classes("quiet")


def _value(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _shape(manifest: Manifest) -> None:
    inputs = ", ".join(f"{i.name} ({i.datatype})" for i in manifest.signature.inputs)
    outputs = ", ".join(f"{o.name} ({o.datatype})" for o in manifest.signature.outputs)
    features = ", ".join(f"{f.name} ← {f.source}" for f in manifest.features.features)
    facts({"Inputs": inputs, "Features": features, "Outputs": outputs})


def _lineage(view: View) -> None:
    manifest, summary = view.manifest, view.summary
    facts(
        {
            "Registered": f"{spoken(summary['registered_at'])} by {summary['registered_by']}",
            "Dataset": lambda: html.code(manifest.dataset.digest),
            "Its parts": lambda: _parts(manifest),
            "Source": manifest.dataset.source,
            "Assumptions": "; ".join(manifest.dataset.assumptions) or "none",
            "Consent basis": manifest.consent_basis,
            "Code": lambda: html.code(manifest.code_commit),
            "MLflow run": lambda: html.code(manifest.mlflow_run_id or "none"),
            "Seed": str(manifest.seed),
            "Artifact": lambda: html.code(manifest.bento_digest),
            "ONNX": lambda: html.code(manifest.onnx_digest),
            "Manifest": lambda: html.code(summary["manifest_digest"]),
            "Kernels": ", ".join(f"{n}: {k}" for n, k in manifest.cpu_kernels.items()),
            "Expected shift": json.dumps(manifest.expected_shift)
            if manifest.expected_shift
            else "none declared",
        }
    )


def _parts(manifest: Manifest) -> None:
    with html.ul():
        for name, digest in manifest.dataset.parts.items():
            with html.li(title=digest):
                html.span(f"{name} ")
                html.code(digest[:12]).classes("quiet")
        if not manifest.dataset.parts:
            html.li("one whole")


def _releases(view: View) -> None:
    if not view.releases:
        html.p("None yet: it has served nobody.").classes("quiet")
    with html.ul().classes("rows"):
        for each in view.releases:
            with html.li():
                badge(each["state"])
                html.a(each["reason"], href=f"{ROOT}/releases/{each['id']}")
                role = "candidate" if each["candidate"] == view.summary["version"] else "stable"
                html.span(f"as {role}, ").classes("quiet")
                moment(each["updated_at"])
