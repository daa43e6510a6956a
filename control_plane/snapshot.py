"""Answers that hold as long as one snapshot: what a page asks twenty times is asked once.

Only sessions of ``Database.read`` remember, and what they remember ends with them; in a session
that writes every question is asked anew.
"""

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

from control_plane.db import REMEMBERED, ReadSession

T = TypeVar("T")


def once(session: ReadSession, question: Hashable, ask: Callable[[], T]) -> T:
    """The answer to ``question``, by ``ask`` at the first time; nobody may change it."""
    answers = session.info.get(REMEMBERED)
    if answers is None:
        return ask()
    if question not in answers:
        answers[question] = ask()
    return cast("T", answers[question])
