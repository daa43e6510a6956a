"""Making, rotating and revoking keys of persons and services. A key is shown this once."""

from collections.abc import Callable, Sequence

from bentos.contract.register import Action
from control_plane import clock
from control_plane.console.desk import Desk
from control_plane.console.elements.choices import choices_field, chosen
from control_plane.console.elements.deed import Deed, ask_deed, no_words
from control_plane.console.elements.dialog import ask
from control_plane.console.elements.field import choice_field, text_field
from control_plane.console.elements.form import Question, Values
from control_plane.console.orders.secret import show_secret
from control_plane.console.seat import Attempt
from control_plane.db import WriteSession
from control_plane.people import keys
from control_plane.people.keys import MAX_NAME, KeyPlan
from control_plane.people.secret import Secret
from control_plane.principal import SERVICES, Permission, Principal

FOREVER = ""
HOUR_S, DAY_S = 3600, 86_400
LASTING = (
    (str(90 * DAY_S), "for 90 days"),
    (str(30 * DAY_S), "for 30 days"),
    (str(DAY_S), "for a day"),
    (str(365 * DAY_S), "for a year"),
    (FOREVER, "until it is revoked"),
)
OVERLAPS = (
    (str(DAY_S), "for a day more"),
    (str(HOUR_S), "for an hour more"),
    (str(7 * DAY_S), "for a week more"),
    (str(30 * DAY_S), "for 30 days more"),
    ("0", "no longer: it ends now"),
)


async def ask_person_key(desk: Desk, person: str, permissions: Sequence[str]) -> None:
    """A key that acts for a person, who has these permissions."""

    told = (
        f"The key acts in the name of {person}: the register names them.",
        "It is shown once; only a digest is kept.",
    )

    def make(session: WriteSession, who: Principal, plan: KeyPlan) -> Secret:
        own_or_peoples(who, person)
        return keys.issue_person_key(session, who, person, plan)

    question = Question(
        title=f"New key: {person}",
        confirm="Make the key",
        told=told,
        fields=lambda: _plan_fields(permissions),
        submit=lambda values: _issue(desk, f"person:{person}", values, make),
    )
    ask(desk, question)


async def ask_service_key(desk: Desk) -> None:
    """A key for one of the services."""

    def fields() -> None:
        choice_field("service", "Service", [(name, name) for name in SERVICES])
        _lasting_fields()

    async def submit(values: Values) -> str:
        name = values.get("service", "")

        def make(session: WriteSession, who: Principal, plan: KeyPlan) -> Secret:
            who.require(Permission.PEOPLE)
            return keys.issue_service_key(session, who, name, plan)

        return await _issue(desk, f"service:{name}", values, make)

    question = Question(
        title="New key for a service", confirm="Make the key", fields=fields, submit=submit
    )
    ask(desk, question)


async def ask_rotate(desk: Desk, key_id: str) -> None:
    """Make a key's successor; both are good for a while."""

    told = (
        "The new key may do what the old one may, and lives as long.",
        "Both are good for a while, so that nothing stands still meanwhile.",
    )

    async def submit(values: Values) -> str:
        attempt = Attempt(action=Action.KEY_ROTATE, entity=f"key:{key_id}")
        overlap_s = int(values.get("overlap", "0"))
        key = await desk.write(
            attempt, lambda session, who: keys.rotate_key(session, who, key_id, overlap_s)[0]
        )
        show_secret(desk, "The new key", key.text, f"It takes the place of {keys.shown(key_id)}.")
        return f"Key {key_id} was rotated."

    question = Question(
        title=f"Rotate key {key_id}",
        confirm="Make its successor",
        told=told,
        fields=lambda: choice_field("overlap", "The old key is good", OVERLAPS),
        submit=submit,
    )
    ask(desk, question)


async def ask_revoke(desk: Desk, key_id: str) -> None:
    """End a key."""
    deed = Deed(
        title=f"Revoke key {key_id}",
        confirm="Revoke now",
        told=("Whoever sends it is refused from now on. It cannot be taken back.",),
        attempt=Attempt(action=Action.KEY_REVOKE, entity=f"key:{key_id}"),
        read=no_words,
        change=lambda session, who, _: keys.revoke_key(session, who, key_id),
        done=f"Key {key_id} is revoked.",
        kind="primary stop",
    )
    ask_deed(desk, deed)


def own_or_peoples(who: Principal, person: str) -> None:
    """Raise ForbiddenError for other people's things, unless they may."""
    if who.person != person or not who.may_manage_itself:
        who.require(Permission.PEOPLE)


def expiry(values: Values) -> str | None:
    """When a key that was asked for ends; None: when it is revoked."""
    seconds = values.get("lasts", FOREVER)
    return clock.later(float(seconds)) if seconds else None


def _plan_fields(permissions: Sequence[str]) -> None:
    _lasting_fields()
    choices_field(
        "scope",
        "Limit it to",
        [(each, each) for each in permissions],
        hint="None ticked: all that its holder may do. What it is limited to it never exceeds.",
    )


def _lasting_fields() -> None:
    hint = "What it is for, to know it again."
    text_field("name", "Name (optional)", hint=hint, maxlength=str(MAX_NAME))
    choice_field("lasts", "Good", LASTING, value=LASTING[0][0])


async def _issue(
    desk: Desk,
    entity: str,
    values: Values,
    make: Callable[[WriteSession, Principal, KeyPlan], Secret],
) -> str:
    plan = KeyPlan(
        name=values.maybe("name"),
        scopes=chosen(values, "scope") or None,
        expires_at=expiry(values),
    )
    attempt = Attempt(action=Action.KEY_CREATE, entity=entity)
    key = await desk.write(attempt, lambda session, who: make(session, who, plan))
    show_secret(desk, "The new key", key.text, "Send it as Authorization: Bearer …")
    return f"Key {key.id} was made."
