"""``signalbox nights``: what the nightly runs came to."""

import typer

from control_plane.cli.api import call_all
from control_plane.cli.output import Json, show

nights = typer.Typer(no_args_is_help=True, help="What the nightly runs came to.")
COLUMNS = ("id", "outcome", "started_at", "ended_at", "problems", "let_go")


@nights.command("list")
def list_nights(as_json: Json = False) -> None:
    """Newest first, with what stopped each, and what it let go as its time was over."""
    found = call_all("/api/v1/nights")
    show(found if as_json else [_in_words(each) for each in found], as_json, COLUMNS)


def _in_words(night: dict[str, object]) -> dict[str, object]:
    problems = night["problems"]
    assert isinstance(problems, list)
    said = [
        f"{p['step']}: {p['check']} ({p['column']})" if p["check"] else p["step"] for p in problems
    ]
    let_go = night["let_go"]
    assert isinstance(let_go, list)
    gone = [f"{each['count']} of {each['place']}" for each in let_go]
    if night["held"] is not None:
        gone.append(f"held: {night['held']}")
    return night | {"problems": "; ".join(said), "let_go": ", ".join(gone)}
