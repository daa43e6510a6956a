"""A question whose answer is one write: what most buttons ask."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from control_plane.console.desk import Desk
from control_plane.console.elements.dialog import ask
from control_plane.console.elements.form import Question, Values, nothing
from control_plane.console.seat import Attempt
from control_plane.db import WriteSession
from control_plane.principal import Principal
from control_plane.releases.schemas import ReasonIn

B = TypeVar("B")


@dataclass(frozen=True, kw_only=True)
class Deed(Generic[B]):
    """``read`` makes of what was filled in what ``change`` takes; ``done`` says what was done.

    ``about`` and ``told`` stand above the fields: which thing it is, and what will happen.
    """

    title: str
    confirm: str
    attempt: Attempt
    read: Callable[[Values], B]
    change: Callable[[WriteSession, Principal, B], object]
    done: str
    about: str = ""
    told: Sequence[str] = ()
    fields: Callable[[], None] = nothing
    kind: str = "primary"


def ask_deed(desk: Desk, deed: Deed[B]) -> None:
    """Ask for it, and do it in one transaction once it is confirmed."""

    async def submit(values: Values) -> str:
        body = deed.read(values)
        await desk.write(deed.attempt, lambda session, who: deed.change(session, who, body))
        return deed.done

    question = Question(
        title=deed.title,
        confirm=deed.confirm,
        submit=submit,
        about=deed.about,
        told=deed.told,
        fields=deed.fields,
        kind=deed.kind,
    )
    ask(desk, question)


def why(values: Values) -> str:
    """The reason, for a deed that takes nothing else. Raises ValidationError."""
    return ReasonIn(reason=values.text("reason")).reason


def no_words(_: Values) -> None:
    """For a deed that takes nothing at all."""
