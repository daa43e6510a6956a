"""Ending sessions: one's own, or somebody else's everywhere."""

from bentos.contract.register import Action
from control_plane.console.desk import Desk
from control_plane.console.elements.deed import Deed, ask_deed, no_words
from control_plane.console.elements.dialog import ask
from control_plane.console.elements.form import Question, Values
from control_plane.console.orders.key import own_or_peoples
from control_plane.console.seat import Attempt
from control_plane.db import WriteSession
from control_plane.people import sessions
from control_plane.principal import Principal


async def ask_end_session(desk: Desk, person: str, session_id: str) -> None:
    """End one of a person's sessions."""

    def change(session: WriteSession, who: Principal, _: None) -> None:
        own_or_peoples(who, person)
        sessions.end_one(session, who, person, session_id)

    deed = Deed(
        title="End this session",
        confirm="End it now",
        told=("Pages that are open in that browser act no more from now on.",),
        attempt=Attempt(action=Action.SESSION_END, entity=f"session:{session_id}"),
        read=no_words,
        change=change,
        done="The session is over.",
        kind="primary stop",
    )
    ask_deed(desk, deed)


async def ask_end_sessions(desk: Desk, person: str) -> None:
    """Sign a person out in all browsers."""

    def change(session: WriteSession, who: Principal) -> int:
        own_or_peoples(who, person)
        return sessions.sign_out_everywhere(session, who, person)

    async def submit(_: Values) -> str:
        attempt = Attempt(action=Action.SESSION_END, entity=f"person:{person}")
        ended = await desk.write(attempt, change)
        return f"{ended} sessions of {person} are over."

    question = Question(
        title=f"Sign out everywhere: {person}",
        confirm="End them all",
        told=(
            "Every open page of theirs goes to the sign-in.",
            "Keys go on working: revoke those on their own.",
        ),
        submit=submit,
        kind="primary stop",
    )
    ask(desk, question)
