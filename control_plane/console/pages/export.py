"""Takes events out of the register, with what proves them, as one file."""

from nicegui import Client, html, ui

from bentos.contract.register import Action, Outcome
from control_plane.audit.export_files import Form
from control_plane.console.desk import Desk
from control_plane.console.elements.field import choice_field, text_field
from control_plane.console.elements.head import head
from control_plane.console.frame import BUILD_WITHIN_S, frame, title
from control_plane.console.missing import not_yours
from control_plane.console.proving import draw_signed, load_signed
from control_plane.db import ReadSession
from control_plane.principal import Permission, Principal

API = "/api/v1/register/exports"
FORMS = (
    (Form.JSONL.value, "JSON lines: the very bytes that were hashed"),
    (Form.CSV.value, "CSV: for a spreadsheet"),
    (Form.PARQUET.value, "Parquet: for a warehouse"),
)
INSIDE = (
    ("events.jsonl, .csv or .parquet", "the events; each with the bytes that were hashed"),
    ("checkpoint.txt", "the signed head of the register, with witnesses' signatures"),
    ("proofs.jsonl", "of a selection: each event's path to that head"),
    ("verify.pyz", "the verifier: python verify.pyz needs this file and the public key"),
    ("manifest.json", "what was asked for, how many there are, digests of all files"),
)


def register() -> None:
    """Make the page known."""

    @ui.page("/export", title=title("Export"), response_timeout=BUILD_WITHIN_S)
    async def export(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "Audit", "Export"):
            if await desk.seat.read(_may_read):
                draw(desk)
            else:
                not_yours(Permission.REGISTER_READ)
        await desk.look()


def _may_read(_: ReadSession, principal: Principal) -> bool:
    return Permission.REGISTER_READ in principal.permissions


def draw(desk: Desk) -> None:
    """The form, and what comes of it."""
    text = (
        "Events as one zip that proves itself anywhere, without this control plane. That it was "
        "taken is an event of its own, and in it."
    )
    with head("Export", text):
        pass
    with html.div().classes("columns"):
        with html.section(**{"aria-label": "What to take out"}).classes("panel"):
            _form()
        with html.section(**{"aria-label": "What is in it"}).classes("panel"):
            with html.div().classes("panel-head"):
                html.h2("What is in it")
            with html.div().classes("panel-body stack"):
                with html.dl().classes("inside"):
                    for name, words in INSIDE:
                        html.dt(name)
                        html.dd(words)
                desk.live(load_signed, draw_signed)


def _form() -> None:
    with html.form().classes("panel-body") as form:
        choice_field("form", "As", FORMS)
        html.p(
            "Everything, unless you narrow it. A range is proved whole; a selection proves that "
            "each event is in the register, not that none was left out."
        ).classes("quiet above")
        with html.div().classes("field-row"):
            text_field("first", "From event", kind="number", min="1")
            text_field("last", "To event", kind="number", min="1")
        with html.div().classes("field-row"):
            text_field("actor", "Who")
            text_field("model", "Model")
        with html.div().classes("field-row"):
            choice_field("action", "What", [("", "any"), *_named(Action)])
            choice_field("outcome", "Outcome", [("", "any"), *_named(Outcome)])
        with html.div().classes("field-row"):
            text_field("since", "Since (UTC)", kind="datetime-local")
            text_field("until", "Until (UTC)", kind="datetime-local")
        html.div(id="export-said", role="status").classes("export-said")
        with html.div().classes("form-foot"):
            html.button("Export", type="submit").classes("button primary")
    form.on("submit", js_handler=f"(event) => signalbox.take(event, '{API}', 'export-said')")


def _named(values: type[Action] | type[Outcome]) -> list[tuple[str, str]]:
    return [(each.value, each.value) for each in sorted(values)]
