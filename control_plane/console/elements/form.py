"""A form: its fields, its errors in words, and one write when it is sent."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from nicegui import html, ui
from nicegui.events import GenericEventArguments
from pydantic import ValidationError

from bentos.contract.errors import ContractError
from control_plane.console.desk import Desk
from control_plane.console.elements.consequences import consequences
from control_plane.console.elements.problem import Problem, problem_of
from control_plane.errors import ControlPlaneError, UnauthorizedError

_EMIT_VALUES = "(event) => { const values = signalbox.values(event); if (values) emit(values); }"


def nothing() -> None:
    """Draws nothing."""


class Values(dict[str, str]):
    """What was filled in, by the names of the fields; a box that is not ticked is not there."""

    def text(self, name: str) -> str:
        """Without the blanks around it; empty where there is none."""
        return self.get(name, "").strip()

    def maybe(self, name: str) -> str | None:
        """The same, None for an empty one."""
        return self.text(name) or None


@dataclass(frozen=True, kw_only=True)
class Question:
    """``told`` says what will happen, under what it is ``about``; ``explain`` what takes drawing,
    from the present state; ``fields`` what to fill in.

    ``submit`` does it and says what was done. ``look_again`` brings ``explain`` up to date
    after somebody else changed the same thing; what was typed stays.
    """

    title: str
    confirm: str
    submit: Callable[[Values], Awaitable[str]]
    about: str = ""
    told: Sequence[str] = ()
    explain: Callable[[], None] = nothing
    fields: Callable[[], None] = nothing
    look_again: Callable[[], Awaitable[None]] | None = None
    kind: str = "primary"
    wide: bool = False


class Form:
    """Draws a question's form where it is made. ``done`` is told what was done."""

    def __init__(
        self,
        desk: Desk,
        question: Question,
        *,
        done: Callable[[str], Awaitable[None]],
        cancel: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._question = question
        self._done = done
        with html.form(novalidate="") as self._form:
            with html.div().classes("form-body"):
                self._problem = html.div(role="alert")
                self._explained = html.div().classes("stack")
                self._explain()
                with html.div():
                    question.fields()
            with html.div().classes("form-foot"):
                cancel()
                html.button(question.confirm, type="submit").classes(f"button {question.kind}")
        self._form.props["id"] = self._form.html_id
        self._form.on("submit", self._submitted, js_handler=_EMIT_VALUES)

    def _explain(self) -> None:
        self._explained.clear()
        with self._explained:
            if self._question.told:
                consequences(self._question.told, self._question.about)
            self._question.explain()

    async def _submitted(self, event: GenericEventArguments) -> None:
        given = (event.args or {}).items()
        values = Values({str(name): str(value) for name, value in given})
        try:
            done = await self._question.submit(values)
        except UnauthorizedError:
            self._desk.leave()
        except (ControlPlaneError, ContractError, ValidationError) as error:
            await self._fail(problem_of(error))
        else:
            await self._done(done)

    async def _fail(self, problem: Problem) -> None:
        again = self._question.look_again
        if problem.is_stale and again is not None:
            await again()
            self._explain()
        self._problem.clear()
        with self._problem:
            problem.draw()
            ui.run_javascript(f"signalbox.free('{self._form.html_id}')")
