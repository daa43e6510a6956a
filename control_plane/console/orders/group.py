"""Groups: bound, changed, dissolved, and moved by one verb for all members or for none."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from nicegui import html
from nicegui.events import GenericEventArguments

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from bentos.contract.route import BUCKETS
from control_plane.console.desk import Desk
from control_plane.console.elements.button import button
from control_plane.console.elements.choices import choices_field, chosen
from control_plane.console.elements.dialog import ask
from control_plane.console.elements.field import reason_field, text_field, ticket_field
from control_plane.console.elements.form import Question, Values
from control_plane.console.elements.moment import given_moment
from control_plane.console.elements.share import percent
from control_plane.console.elements.share_field import share_field, weight_of
from control_plane.console.orders.release import MOVING, WEIGHED
from control_plane.console.orders.wording import WORDINGS
from control_plane.console.preview import Preview, previews_of
from control_plane.console.seat import Attempt
from control_plane.db import WriteSession
from control_plane.principal import Permission, Principal
from control_plane.releases import groups
from control_plane.releases.exposures import look
from control_plane.releases.interlock import Seen
from control_plane.releases.lifecycle import Verb
from control_plane.releases.options import Option
from control_plane.releases.order import Order
from control_plane.releases.schemas import DissolutionIn, GroupIn, OrderIn

Group = dict[str, Any]
Release = dict[str, Any]


@dataclass
class GroupOrder:
    """A question about one verb for all members, as they were last looked at."""

    desk: Desk
    group: Group
    option: Option
    _place: html.div | None = field(default=None, init=False)
    _previews: list[Preview] = field(default_factory=list, init=False)

    async def open(self) -> None:
        """Ask, on the present state."""
        verb, planned = self.option.verb, self.option.buckets
        if verb in MOVING:
            self._previews = await previews_of(self.desk, self._members(), verb)
        elif verb in WEIGHED and planned is not None:
            weight = planned / BUCKETS
            self._previews = await previews_of(self.desk, self._members(), Verb.RAMP, weight)
        wording = WORDINGS[verb]
        question = Question(
            title=f"{wording.button} {len(self._members())} releases together",
            confirm=wording.confirm,
            explain=self._explain,
            fields=self._fields,
            submit=self._submit,
            kind="primary stop" if wording.kind in ("primary stop", "danger") else "primary",
            wide=True,
        )
        ask(self.desk, question)

    def _members(self) -> list[Release]:
        return list(self.group["releases"])

    def _explain(self) -> None:
        with html.ul().classes("consequence"):
            html.li("All of them, in one published change, or none.")
            for each in self._members():
                with html.li():
                    html.span(f"{each['model']}: ").classes("quiet")
                    html.code(each["candidate"])
        if self.option.verb in MOVING:
            self._show_previews()

    def _show_previews(self) -> None:
        for each in self._previews:
            each.draw_moves(each.model)
        if self._previews:
            self._previews[0].draw_against()

    def _fields(self) -> None:
        verb = self.option.verb
        if verb in WEIGHED:
            number = share_field(self.option.buckets, "The same share for every member.")
            self._place = html.div(id="preview", role="status").classes("field stack")
            number.on(
                "input", self._typed, js_handler="(event) => emit(event.target.value)", throttle=0.4
            )
            with self._place:
                self._show_previews()
        if verb is Verb.SCHEDULE:
            text_field("starts_at", "Time (UTC)", kind="datetime-local", required=True)
        reason_field()
        ticket_field(self.group["ticket"] or "")

    async def _typed(self, event: GenericEventArguments) -> None:
        place, text = self._place, str(event.args)
        if place is None or not text:
            return
        try:
            weight = weight_of(text)
            self._previews = await previews_of(self.desk, self._members(), Verb.RAMP, weight)
        except ContractError as error:
            place.clear()
            with place:
                html.p(str(error)).classes("quiet")
            return
        place.clear()
        with place:
            self._show_previews()

    async def _submit(self, values: Values) -> str:
        body = OrderIn.model_validate(
            {
                "reason": values.text("reason"),
                "ticket": values.maybe("ticket"),
                "weight": weight_of(values["percent"]) if "percent" in values else None,
                "starts_at": given_moment(values.get("starts_at", "")),
                "expected_revision": self.group["revision"],
            }
        )
        verb, group_id = self.option.verb, self.group["id"]
        asked = Verb.RAMP if verb is Verb.LOWER else verb
        attempt = Attempt(action=Action(f"release:{verb.value}"), entity=f"group:{group_id}")
        seen = await asyncio.to_thread(self._seen, asked)

        def change(session: WriteSession, who: Principal) -> int:
            order = Order(**body.model_dump())
            return len(groups.act_group(session, who, group_id, asked, order, seen))

        moved = await self.desk.write(attempt, change)
        return f"{moved} releases: {WORDINGS[verb].done}"

    def _seen(self, verb: Verb) -> dict[str, Seen]:
        parts, ids = self.desk.parts, [each["id"] for each in self._members()]
        looks = {each: look(parts.database, parts.exposures, each, verb) for each in ids}
        return {release: found for release, found in looks.items() if found is not None}


def group_buttons(desk: Desk, group: Group, offered: Sequence[Option]) -> None:
    """A button for every verb that is theirs and that nothing stands in the way of."""
    for option in offered:
        if option.obstacles:
            continue
        wording, text = WORDINGS[option.verb], WORDINGS[option.verb].button
        if option.verb is Verb.RAMP and option.buckets is not None:
            text = f"{text} to {percent(option.buckets)}"
        button(
            f"{text}…",
            GroupOrder(desk, group, option).open,
            kind=wording.kind,
            drawing=wording.drawing,
            key=f"{group['id']}-{option.verb.value}",
            label=f"{text} the group",
        )


async def ask_group(desk: Desk, candidates: Sequence[Release], group: Group | None = None) -> None:
    """Bind releases, or change who belongs to ``group``."""
    ticked = () if group is None else tuple(group["members"])

    told = (
        "They go forward together alone, in one published change, or none of them.",
        "Each goes back by itself: nothing holds a rollback up.",
        "All go back to draft, and every approval is void: they are judged together.",
    )

    def fields() -> None:
        words = [(each["id"], f"{each['model']}: {each['reason']}") for each in candidates]
        hint = "Releases that have not started. Their plans must be alike in kind and shadow."
        choices_field("member", "Releases", words, ticked=ticked, hint=hint)
        reason_field("What they have in common. It becomes the group's title.", focus=False)
        ticket_field((group or {}).get("ticket") or "")

    async def submit(values: Values) -> str:
        body = GroupIn(
            members=chosen(values, "member"),
            reason=values.text("reason"),
            ticket=values.maybe("ticket"),
            expected_revision=None if group is None else group["revision"],
        )
        return await _bind(desk, body, group)

    question = Question(
        title="New group" if group is None else "Who belongs to this group",
        confirm="Bind them" if group is None else "Keep",
        told=told,
        fields=fields,
        submit=submit,
    )
    ask(desk, question)


async def ask_dissolve(desk: Desk, group: Group) -> None:
    """Let the members go on each by itself."""

    told = ("Its releases go on each by itself, from draft: approvals are void.",)

    async def submit(values: Values) -> str:
        body = DissolutionIn(reason=values.text("reason"), expected_revision=group["revision"])
        attempt = _attempt(Action.GROUP_DISSOLVE, f"group:{group['id']}")
        order = Order(**body.model_dump())
        await desk.seat.write(
            attempt,
            lambda session, who: groups.dissolve_group(session, who, group["id"], order).id,
        )
        desk.go("/groups")
        return "The group is dissolved."

    question = Question(
        title="Dissolve this group",
        confirm="Dissolve",
        told=told,
        fields=reason_field,
        submit=submit,
        kind="primary stop",
    )
    ask(desk, question)


async def _bind(desk: Desk, body: GroupIn, group: Group | None) -> str:
    order = Order(reason=body.reason, ticket=body.ticket, expected_revision=body.expected_revision)
    if group is None:
        made = await desk.write(
            _attempt(Action.GROUP_CREATE, "groups"),
            lambda session, who: groups.create_group(session, who, body.members, order).id,
        )
        desk.go(f"/groups/{made}")
        return "They are bound. Submit the group for review."
    await desk.write(
        _attempt(Action.GROUP_EDIT, f"group:{group['id']}"),
        partial(_edit, group["id"], body.members, order),
    )
    return "The group is changed; all of it is a draft again."


def _edit(
    group_id: str, members: list[str], order: Order, session: WriteSession, who: Principal
) -> str:
    return groups.edit_group(session, who, group_id, members, order).id


def _attempt(action: Action, entity: str) -> Attempt:
    return Attempt(action=action, entity=entity, permission=Permission.RELEASES_WRITE)
