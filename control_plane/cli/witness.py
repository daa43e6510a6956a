"""``signalbox audit witness``: run one, or ask one to cosign the newest checkpoint."""

from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from control_plane.audit.offline.notes import Unproven, parse_note, parse_vkey, signed_at
from control_plane.cli.api import call
from control_plane.cli.exit_code import ExitCode
from control_plane.cli.output import Json, fail, show
from control_plane.cli.processes import PASS_ON, become

witness = typer.Typer(no_args_is_help=True, help="A second team's signature under checkpoints.")
API = "/api/v1/register"
TIMEOUT_S = 30.0


@witness.command("serve", context_settings={**PASS_ON, "help_option_names": []})
def serve(context: typer.Context) -> None:
    """Run a witness: --name NAME --folder DIR --log VKEY [--host H] [--port N]."""
    become("control_plane.audit.witness", context.args)


@witness.command("ask")
def ask(
    url: Annotated[str, typer.Argument(help="Where the witness is, without /add-checkpoint.")],
    key: Annotated[str, typer.Option("--witness", help="Its vkey.")],
    out: Annotated[Path | None, typer.Option(help="Write the cosigned note there.")] = None,
    as_json: Json = False,
) -> None:
    """Have the register signed now, cosigned by a witness, and keep its signature.

    Exit code 1 when the witness knows another history: the register was cut or rewritten.
    """
    told = call("POST", f"{API}/checkpoint")
    try:
        vkey = parse_vkey(key)
        answer = _add(url, 0, [], told["note"])
        if answer.status_code == HTTPStatus.CONFLICT:
            old = _size(answer)
            if old > told["size"]:
                problem = f"it saw {old} events, the register has {told['size']}"
                fail(f"the witness refuses: {problem}", ExitCode.FAILURE)
            sizes = {"old": old, "new": told["size"]}
            proof = call("GET", f"{API}/consistency", parameters=sizes)["proof"]
            answer = _add(url, old, proof, told["note"])
        if not answer.is_success:
            fail(f"the witness refuses: {answer.text.strip()[:400]}", ExitCode.FAILURE)
        note = told["note"] + answer.text
        if signed_at(parse_note(note), vkey) is None:
            fail("the witness answered without a signature of its key", ExitCode.FAILURE)
    except Unproven as error:
        fail(f"the witness: {error}", ExitCode.BAD_INPUT)
    kept = call("POST", f"{API}/cosignatures", {"note": note, "witness": key})
    if out is not None:
        out.write_text(note, encoding="utf-8")
    show(kept, as_json)


def _add(url: str, old: int, proof: list[str], note: str) -> httpx.Response:
    lines = [f"old {old}", *proof]
    body = "\n".join(lines) + "\n\n" + note
    try:
        address = f"{url.rstrip('/')}/add-checkpoint"
        return httpx.post(address, content=body.encode(), timeout=TIMEOUT_S)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        fail(f"the witness at {url} cannot be reached: {error}", ExitCode.UNREACHABLE)


def _size(answer: httpx.Response) -> int:
    text: Any = answer.text.strip()
    if not text.isascii() or not text.isdigit():
        fail(f"the witness refuses: {text[:400]}", ExitCode.FAILURE)
    return int(text)
