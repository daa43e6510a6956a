"""The buttons of a release and of a model: one click, one question, one write."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from nicegui import html
from nicegui.events import GenericEventArguments

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from bentos.contract.route import BUCKETS
from control_plane.console.desk import Desk
from control_plane.console.elements.button import button
from control_plane.console.elements.dialog import ask
from control_plane.console.elements.field import (
    reason_field,
    text_field,
    ticket_field,
)
from control_plane.console.elements.form import Question, Values
from control_plane.console.elements.moment import given_moment
from control_plane.console.elements.share import percent
from control_plane.console.elements.share_field import share_field, weight_of
from control_plane.console.orders.wording import WORDINGS, Release, Wording
from control_plane.console.preview import Preview, preview_of
from control_plane.console.seat import Attempt
from control_plane.db import ReadSession
from control_plane.principal import Principal
from control_plane.releases import queries, service
from control_plane.releases.exposures import look
from control_plane.releases.interlock import Seen
from control_plane.releases.lifecycle import Verb
from control_plane.releases.options import Option, options
from control_plane.releases.order import Order as VerbOrder
from control_plane.releases.presentation import Published
from control_plane.releases.schemas import OrderIn

WEIGHED = frozenset({Verb.RAMP, Verb.LOWER})
MOVING = frozenset({Verb.START, Verb.RESUME, Verb.PROMOTE, Verb.ROLLBACK, Verb.ABORT})
"""Beside those: verbs that may move visitors from one version to another."""
ON_ITS_PAGE = frozenset({Verb.EDIT})
"""Not a question but a page of its own."""


@dataclass
class Order:
    """A question about one verb. ``release`` and ``option`` are as last looked at."""

    desk: Desk
    release: Release
    option: Option
    show_content: Callable[[], None] | None = None
    _place: html.div | None = field(default=None, init=False)
    _preview: Preview | None = field(default=None, init=False)

    async def open(self) -> None:
        """Ask, on the present state."""
        await self.look_again()
        wording = WORDINGS[self.option.verb]
        ask(
            self.desk,
            Question(
                title=f"{wording.title}: {self.release['model']}",
                confirm=wording.confirm,
                explain=partial(self._explain, wording),
                fields=self._fields,
                submit=self._submit,
                look_again=self.look_again,
                kind="primary stop" if wording.kind in ("primary stop", "danger") else "primary",
                wide=self.show_content is not None,
            ),
        )

    async def look_again(self) -> None:
        """Bring release and option up to date; a verb that is gone keeps its last option."""
        seen = await self._seen()

        def load(session: ReadSession, principal: Principal) -> tuple[Release, Option | None]:
            row = queries.get_release(session, self.release["id"])
            offered = options(session, principal, row, seen)
            found = [each for each in offered if each.verb is self.option.verb]
            return Published(session).release(row), next(iter(found), None)

        self.release, option = await self.desk.seat.read(load)
        self.option = option or self.option
        verb, planned = self.option.verb, self.option.buckets
        self._preview = None
        if verb in MOVING:
            self._preview = await preview_of(self.desk, self.release, verb)
        elif verb in WEIGHED and planned is not None:
            weight = planned / BUCKETS
            self._preview = await preview_of(self.desk, self.release, Verb.RAMP, weight)

    def _explain(self, wording: Wording) -> None:
        lines = wording.says(self.release, self.option)
        with html.ul().classes("consequence"):
            with html.li():
                html.span("Candidate ").classes("quiet")
                html.code(self.release["candidate"])
            for line in lines:
                html.li(line)
        if self.show_content is not None:
            self.show_content()
        if self.option.verb in MOVING and self._preview is not None:
            self._preview.draw()

    def _fields(self) -> None:
        verb = self.option.verb
        if verb in WEIGHED:
            self._weight()
        if verb is Verb.SCHEDULE:
            text_field("starts_at", "Time (UTC)", kind="datetime-local", required=True)
        reason_field()
        ticket_field(self.release["ticket"] or "")

    def _weight(self) -> None:
        planned_steps = ", ".join(percent(round(s * BUCKETS)) for s in self.release["steps"])
        number = share_field(self.option.buckets, f"Planned steps: {planned_steps}")
        self._place = html.div(id="preview", role="status").classes("field")
        number.on(
            "input", self._typed, js_handler="(event) => emit(event.target.value)", throttle=0.4
        )
        if self._preview is not None:
            with self._place:
                self._preview.draw()

    async def _typed(self, event: GenericEventArguments) -> None:
        place, text = self._place, str(event.args)
        if place is None or not text:
            return
        try:
            found = await preview_of(self.desk, self.release, Verb.RAMP, weight_of(text))
        except ContractError as error:
            place.clear()
            with place:
                html.p(str(error)).classes("quiet")
            return
        place.clear()
        with place:
            found.draw()

    async def _submit(self, values: Values) -> str:
        body = OrderIn.model_validate(
            {
                "reason": values.text("reason"),
                "ticket": values.maybe("ticket"),
                "weight": weight_of(values["percent"]) if "percent" in values else None,
                "starts_at": given_moment(values.get("starts_at", "")),
                "expected_revision": self.release["revision"],
            }
        )
        verb, release_id = self.option.verb, self.release["id"]
        attempt = Attempt(action=Action(f"release:{verb.value}"), entity=f"release:{release_id}")
        order = VerbOrder(**body.model_dump())
        # A lower share is asked for as a ramp, as in the API; the table knows it apart.
        asked = Verb.RAMP if verb is Verb.LOWER else verb
        seen = await self._seen()
        await self.desk.write(
            attempt,
            lambda session, who: service.act(session, who, release_id, asked, order, seen).id,
        )
        return f"{self.release['model']}: {WORDINGS[verb].done}"

    async def _seen(self) -> Seen | None:
        parts, verb = self.desk.parts, self.option.verb
        return await asyncio.to_thread(
            look, parts.database, parts.exposures, self.release["id"], verb
        )


def order_buttons(
    desk: Desk,
    release: Release,
    offered: tuple[Option, ...],
    show_content: Callable[[], None] | None = None,
) -> None:
    """A button for every verb that is theirs and that nothing stands in the way of.

    Forward first, then what holds, then what ends it, last what stops it at once: each stands
    where it stood the last time, and the one that stops is filled.
    """
    for option in sorted(offered, key=_place_of):
        if option.verb in ON_ITS_PAGE or option.obstacles:
            continue
        wording = WORDINGS[option.verb]
        shows = show_content if option.verb in (Verb.APPROVE, Verb.REFUSE) else None
        order = Order(desk, release, option, shows)
        text = wording.button
        if option.verb is Verb.RAMP and option.buckets is not None:
            text = f"{text} to {percent(option.buckets)}"
        button(
            f"{text}…",
            order.open,
            kind=wording.kind,
            drawing=wording.drawing,
            key=f"{release['id']}-{option.verb.value}",
            label=f"{text} {release['model']}",
        )


def _place_of(option: Option) -> int:
    last = (Verb.LOWER, Verb.PAUSE, Verb.REFUSE, Verb.ABORT, Verb.ROLLBACK)
    return last.index(option.verb) + 1 if option.verb in last else 0
